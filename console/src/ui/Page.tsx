// The frame of a page: title (also the document's), what it is for, actions. Moves the focus to its heading after a navigation.
// Used by every page of the shell.
import { Box, Flex, Heading, HStack, Text } from '@chakra-ui/react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useArrival } from './useArrival';

interface Props {
  title: string;
  /** What stands in the browser's tab, where it is more than the title. */
  documentTitle?: string;
  /** One sentence: what this page is for. */
  lead?: ReactNode;
  /** Beside the title, such as a status. */
  badge?: ReactNode;
  actions?: ReactNode;
  /** Text is read best in a narrow column; tables want all there is. */
  width?: 'full' | 'text';
  children: ReactNode;
}

export function Page({ title, documentTitle, lead, badge, actions, width = 'full', children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${documentTitle ?? title} · Tenantry`;
  }, [documentTitle, title]);
  useArrival(heading);
  return (
    <Box maxW={width === 'text' ? '4xl' : '8xl'} mx="auto" w="full">
      <Flex align="flex-start" justify="space-between" gap="4" wrap="wrap" mb="5">
        <Box minW="0" flex="1 1 16rem">
          <HStack gap="3" wrap="wrap">
            <Heading
              as="h1"
              ref={heading}
              tabIndex={-1}
              size="xl"
              fontWeight="semibold"
              overflowWrap="anywhere"
            >
              {title}
            </Heading>
            {badge}
          </HStack>
          {lead && (
            <Text color="fg.muted" mt="1" maxW="2xl">
              {lead}
            </Text>
          )}
        </Box>
        {actions && (
          <HStack gap="2" wrap="wrap">
            {actions}
          </HStack>
        )}
      </Flex>
      {children}
    </Box>
  );
}
