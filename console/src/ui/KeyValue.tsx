// Names and values of one thing, in columns where there is room. Used by detail pages.
import { DataList } from '@chakra-ui/react';
import type { ReactNode } from 'react';

export function KeyValue({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <DataList.Root
      orientation={{ base: 'vertical', sm: 'horizontal' }}
      size="sm"
      gap={{ base: '3', sm: '2' }}
    >
      {rows.map(([name, value]) => (
        <DataList.Item key={name}>
          <DataList.ItemLabel color="fg.muted" minW="36">
            {name}
          </DataList.ItemLabel>
          <DataList.ItemValue minW="0" overflowWrap="anywhere">
            {value}
          </DataList.ItemValue>
        </DataList.Item>
      ))}
    </DataList.Root>
  );
}
