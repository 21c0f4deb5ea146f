// A titled part of a page. Used by the tabs of the tenant page.
import { Box, Flex, Heading } from '@chakra-ui/react';
import type { ReactNode } from 'react';

export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Box as="section" aria-label={title} borderWidth="1px" rounded="lg" bg="bg.panel" p="4" minW="0">
      <Flex justify="space-between" align="center" gap="3" mb="3" minH="6">
        <Heading as="h2" size="sm" fontWeight="semibold">
          {title}
        </Heading>
        {aside}
      </Flex>
      {children}
    </Box>
  );
}
