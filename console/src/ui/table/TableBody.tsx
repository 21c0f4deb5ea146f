// The rows of a table, or skeletons of them. Used by `DataTable`.
import { Skeleton, Table } from '@chakra-ui/react';
import type { ReactTable, Row, RowData } from '@tanstack/react-table';
import { memo } from 'react';
import type { Features } from './features';
import { SelectBox } from './SelectBox';

interface Props<Item extends RowData> {
  table: ReactTable<Features, Item>;
  pending: boolean;
  selectable: boolean;
}

const SKELETONS = [0, 1, 2, 3, 4, 5];

export function TableBody<Item extends RowData>({ table, pending, selectable }: Props<Item>) {
  const columns = table.getVisibleLeafColumns();
  const shown = columns.map((column) => column.id).join();
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
        <BodyRow
          key={row.id}
          table={table as ReactTable<Features, RowData>}
          row={row as Row<Features, RowData>}
          selectable={selectable}
          selected={row.getIsSelected()}
          shown={shown}
          columns={table.options.columns}
        />
      ))}
    </Table.Body>
  );
}

interface RowProps {
  table: ReactTable<Features, RowData>;
  row: Row<Features, RowData>;
  selectable: boolean;
  selected: boolean;
  /** The ids of the columns that are shown. */
  shown: string;
  /** As the page gave them: others draw other cells of the same row, such as somebody's new role. */
  columns: unknown;
}

/** A row is drawn anew only where it, its selection or its columns are others: fifty of them cost most of what a page costs. */
const BodyRow = memo(
  function BodyRow({ table, row, selectable, selected }: RowProps) {
    return (
      <Table.Row role="row" data-row={row.id} aria-selected={selectable ? selected : undefined}>
        {selectable && (
          <Table.Cell role="cell" data-fixed="" w="10">
            <SelectBox
              label={`Select ${row.id}`}
              checked={selected}
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
    );
  },
  (before, after) =>
    before.row === after.row &&
    before.selected === after.selected &&
    before.selectable === after.selectable &&
    before.shown === after.shown &&
    before.columns === after.columns,
);
