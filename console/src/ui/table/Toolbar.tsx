// The bar above a table: filters on the left; columns, density, refresh on the right. Used by `DataTable`.
import { Box, Flex, HStack } from '@chakra-ui/react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { RowData } from '@tanstack/react-table';
import { RotateCw, Rows2, Rows4 } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from '../IconButton';
import { lazyPart } from '../lazyPart';
import type { Columns } from './features';
import type { TableControl } from './useTableSearch';

const ColumnChoice = lazyPart(
  () => import('./ColumnChoice').then((module) => module.ColumnChoice),
  <Box h="9" />,
);

interface Props<Row extends RowData> {
  columns: Columns<Row>;
  control: TableControl;
  query: UseQueryResult<unknown>;
  filters?: ReactNode;
  tools?: ReactNode;
}

export function Toolbar<Row extends RowData>({ columns, control, query, filters, tools }: Props<Row>) {
  const { dense } = control.search;
  return (
    <Flex gap="2" justify="space-between" align="center" wrap="wrap" mb="3">
      <HStack gap="2" wrap="wrap" flex="1 1 auto">
        {filters}
      </HStack>
      <HStack gap="1" ms={{ md: 'auto' }}>
        {tools}
        <ColumnChoice choice={choiceOf(columns)} control={control} />
        <IconButton
          icon={dense ? Rows2 : Rows4}
          label="Compact rows"
          aria-pressed={dense === true}
          hideBelow="md"
          onClick={control.toggleDensity}
        />
        <IconButton
          icon={RotateCw}
          label="Load again"
          loading={query.isFetching && !query.isPending}
          onClick={() => void query.refetch()}
        />
      </HStack>
    </Flex>
  );
}

/** The columns that one may hide. */
function choiceOf<Row extends RowData>(columns: Columns<Row>) {
  return columns.flatMap((column) => {
    const id = column.id ?? ('accessorKey' in column ? String(column.accessorKey) : '');
    return column.meta && !column.meta.fixed && id ? [{ id, label: column.meta.label }] : [];
  });
}
