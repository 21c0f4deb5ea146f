// The head of a table: names, sort buttons, the box that selects all. Used by `DataTable`.
import { Button, Table, VisuallyHidden } from '@chakra-ui/react';
import type { ReactTable, RowData } from '@tanstack/react-table';
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react';
import { Icon } from '../Icon';
import type { Features } from './features';
import { SelectBox } from './SelectBox';
import type { TableControl } from './useTableSearch';

interface Props<Row extends RowData> {
  table: ReactTable<Features, Row>;
  control: TableControl;
  selectable: boolean;
  label: string;
}

export function TableHead<Row extends RowData>({ table, control, selectable, label }: Props<Row>) {
  return (
    <Table.Header role="rowgroup">
      {table.getHeaderGroups().map((group) => (
        <Table.Row key={group.id} role="row">
          {selectable && (
            <Table.ColumnHeader role="columnheader" w="10">
              <SelectBox
                label={`Select all ${label.toLowerCase()} on this page`}
                checked={table.getIsAllRowsSelected() || (table.getIsSomeRowsSelected() && 'indeterminate')}
                onChange={(all) => table.toggleAllRowsSelected(all)}
              />
            </Table.ColumnHeader>
          )}
          {group.headers.map((header) => {
            const look = header.column.columnDef.meta;
            const sort = look?.sort;
            return (
              <Table.ColumnHeader
                key={header.id}
                role="columnheader"
                textAlign={look?.align ?? 'start'}
                {...(sort ? { 'aria-sort': direction(control.search.sort, sort) } : {})}
              >
                <HeadName name={look?.label ?? header.id} bare={look?.bare} sort={sort} control={control} />
              </Table.ColumnHeader>
            );
          })}
        </Table.Row>
      ))}
    </Table.Header>
  );
}

function direction(now: string | undefined, key: string): 'ascending' | 'descending' | 'none' {
  if (now === key) return 'ascending';
  return now === `-${key}` ? 'descending' : 'none';
}

interface NameProps {
  name: string;
  bare: boolean | undefined;
  sort: string | undefined;
  control: TableControl;
}

function HeadName({ name, bare, sort, control }: NameProps) {
  if (bare) return <VisuallyHidden>{name}</VisuallyHidden>;
  if (!sort) return <>{name}</>;
  const now = direction(control.search.sort, sort);
  const glyph = now === 'ascending' ? ArrowUp : now === 'descending' ? ArrowDown : ChevronsUpDown;
  return (
    <Button
      variant="ghost"
      size="xs"
      mx="-2"
      px="2"
      h="6"
      color="inherit"
      fontWeight="medium"
      onClick={() => control.sortBy(sort)}
    >
      {name} <Icon as={glyph} boxSize="3" />
    </Button>
  );
}
