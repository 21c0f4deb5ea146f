// The bar above a table: filters on the left; columns, density, refresh on the right. Used by `DataTable`.
import { Button, Flex, HStack, Menu, Portal } from '@chakra-ui/react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { RowData } from '@tanstack/react-table';
import { Columns3, RotateCw, Rows2, Rows4 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Icon } from '../Icon';
import { IconButton } from '../IconButton';
import type { Columns } from './features';
import type { TableControl } from './useTableSearch';

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
      <HStack gap="1">
        {tools}
        <ColumnChoice columns={columns} control={control} />
        <IconButton
          icon={dense ? Rows2 : Rows4}
          label={dense ? 'Comfortable rows' : 'Compact rows'}
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

function ColumnChoice<Row extends RowData>({ columns, control }: Pick<Props<Row>, 'columns' | 'control'>) {
  const hidden = new Set((control.search.hide ?? '').split(','));
  const choice = columns.flatMap((column) => {
    const id = column.id ?? ('accessorKey' in column ? String(column.accessorKey) : '');
    return column.meta && !column.meta.fixed && id ? [{ id, label: column.meta.label }] : [];
  });
  if (choice.length === 0) return null;
  return (
    <Menu.Root closeOnSelect={false} lazyMount unmountOnExit positioning={{ placement: 'bottom-end' }}>
      <Menu.Trigger asChild>
        <Button variant="ghost" size="sm">
          <Icon as={Columns3} /> Columns
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minW="44">
            {choice.map(({ id, label }) => (
              <Menu.CheckboxItem
                key={id}
                value={id}
                checked={!hidden.has(id)}
                onCheckedChange={() => control.toggleColumn(id)}
              >
                {label}
                <Menu.ItemIndicator />
              </Menu.CheckboxItem>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
