// What can be done with the rows that are selected. Stays in sight at the bottom. Used by `DataTable`.
import { Button, Flex, HStack, Text } from '@chakra-ui/react';
import type { ReactNode } from 'react';

export function BulkBar({
  count,
  clear,
  children,
}: {
  count: number;
  clear: () => void;
  children: ReactNode;
}) {
  return (
    <Flex
      role="region"
      aria-label="Selected rows"
      position="sticky"
      bottom="4"
      mt="4"
      p="2"
      ps="4"
      gap="3"
      wrap="wrap"
      align="center"
      justify="space-between"
      bg="bg.panel"
      borderWidth="1px"
      rounded="lg"
      shadow="md"
      zIndex="docked"
    >
      <Text fontWeight="medium" aria-live="polite">
        {count} selected
      </Text>
      <HStack gap="2" wrap="wrap">
        {children}
        <Button size="sm" variant="ghost" onClick={clear}>
          Clear
        </Button>
      </HStack>
    </Flex>
  );
}
