// A part of Home with its heading, and a way to all of it. Used by Home's parts.
import { Box, Link as ChakraLink, Flex, Heading } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  more?: { label: string; path: string };
  children: ReactNode;
}

export function Section({ title, more, children }: Props) {
  return (
    <Box as="section" aria-label={title} minW="0">
      <Flex justify="space-between" align="center" mb="2" minH="6">
        <Heading as="h2" size="sm" fontWeight="medium">
          {title}
        </Heading>
        {more && (
          <ChakraLink asChild textStyle="xs" minH="6">
            <Link to={more.path}>{more.label}</Link>
          </ChakraLink>
        )}
      </Flex>
      {children}
    </Box>
  );
}
