// Names and values of one thing, beside each other where there is room. Used by detail pages.
import { Box } from '@chakra-ui/react';
import { Fragment, type ReactNode } from 'react';

export function KeyValue({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <Box
      as="dl"
      display="grid"
      gridTemplateColumns={{ base: 'minmax(0, 1fr)', sm: '10rem minmax(0, 1fr)' }}
      columnGap="4"
      rowGap={{ base: '0.5', sm: '2' }}
      alignItems="center"
    >
      {rows.map(([name, value]) => (
        <Fragment key={name}>
          <Box as="dt" color="fg.muted" mt={{ base: '2', sm: '0' }}>
            {name}
          </Box>
          <Box as="dd" minW="0" overflowWrap="anywhere">
            {value}
          </Box>
        </Fragment>
      ))}
    </Box>
  );
}
