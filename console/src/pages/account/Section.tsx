// A part of the account page: what it is on the left, what can be done on the right. Used by all parts.
import { Box, Grid, Heading, Text } from '@chakra-ui/react';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  lead: string;
  children: ReactNode;
}

export function Section({ title, lead, children }: Props) {
  return (
    <Grid
      as="section"
      aria-label={title}
      templateColumns={{ base: 'minmax(0, 1fr)', lg: '16rem minmax(0, 1fr)' }}
      gap={{ base: '3', lg: '8' }}
      py="6"
      borderTopWidth="1px"
      _first={{ borderTopWidth: '0', pt: '0' }}
    >
      <Box>
        <Heading as="h2" size="sm" fontWeight="semibold">
          {title}
        </Heading>
        <Text color="fg.muted" textStyle="sm" mt="1">
          {lead}
        </Text>
      </Box>
      <Box minW="0">{children}</Box>
    </Grid>
  );
}
