// The rows of a table, or skeletons of them. Used by `DataTable`.
import { Skeleton, Table } from '@chakra-ui/react';
import type { ReactTable, RowData } from '@tanstack/react-table';
import type { Features } from './features';
import { SelectBox } from './SelectBox';

interface Props<Row extends RowData> {
  table: ReactTable<Features, Row>;
  pending: boolean;
  selectable: boolean;
}

const SKELETONS = [0, 1, 2, 3, 4, 5];

export function TableBody<Row extends RowData>({ table, pending, selectable }: Props<Row>) {
  const columns = table.getVisibleLeafColumns();
  return (
    <Table.Body role="rowgroup">
      {pending &&
        SKELETONS.map((line) => (
          <Table.Row key={line} role="row" aria-hidden>
            {selectable && <Table.Cell role="cell" w="10" />}
            {columns.map((column) => (
              <Table.Cell key={column.id} role="cell">
                <Skeleton h="4" my="1" maxW={line % 2 ? '28' : '36'} />
              </Table.Cell>
            ))}
          </Table.Row>
        ))}
      {table.getRowModel().rows.map((row) => (
        <Table.Row
          key={row.id}
          role="row"
          data-row={row.id}
          aria-selected={selectable ? row.getIsSelected() : undefined}
        >
          {selectable && (
            <Table.Cell role="cell" data-fixed="" w="10">
              <SelectBox
                label={`Select ${row.id}`}
                checked={row.getIsSelected()}
                onChange={(on) => row.toggleSelected(on)}
              />
            </Table.Cell>
          )}
          {row.getVisibleCells().map((cell) => {
            const look = cell.column.columnDef.meta;
            return (
              <Table.Cell
                key={cell.id}
                role="cell"
                textAlign={look?.align ?? 'start'}
                data-label={look?.label}
                data-fixed={look?.fixed ? '' : undefined}
                data-actions={look?.bare ? '' : undefined}
              >
                <table.FlexRender cell={cell} />
              </Table.Cell>
            );
          })}
        </Table.Row>
      ))}
    </Table.Body>
  );
}
