// The rows of a table, or skeletons of them. Used by `DataTable`.
import { Skeleton, Table, useSlotRecipe } from '@chakra-ui/react';
import type { ReactTable, Row, RowData } from '@tanstack/react-table';
import { memo } from 'react';
import type { Features } from './features';
import { SelectBox } from './SelectBox';

interface Props<Item extends RowData> {
  table: ReactTable<Features, Item>;
  pending: boolean;
  selectable: boolean;
  dense: boolean;
}

// Said aloud: rows that are drawn as cards are rows to nobody else.
const ROW = { role: 'row' };
const CELL = { role: 'cell' };
const SKELETONS = [0, 1, 2, 3, 4, 5];

export function TableBody<Item extends RowData>({ table, pending, selectable, dense }: Props<Item>) {
  const looks = useSlotRecipe({ key: 'table' })({ size: dense ? 'sm' : 'md' });
  const columns = table.getVisibleLeafColumns();
  const shown = columns.map((column) => column.id).join();
  return (
    // The look of rows and cells stands here once: as components of Chakra's, four hundred of them would each work it out.
    <Table.Body role="rowgroup" css={{ '& tr': looks.row ?? {}, '& td': looks.cell ?? {} }}>
      {pending &&
        SKELETONS.map((line) => (
          <tr key={line} {...ROW} aria-hidden>
            {selectable && <td {...CELL} />}
            {columns.map((column) => (
              <td key={column.id} {...CELL}>
                <Skeleton h="4" my="1" w="full" maxW={line % 2 ? '28' : '36'} />
              </td>
            ))}
          </tr>
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
      <tr {...ROW} data-row={row.id} aria-selected={selectable ? selected : undefined}>
        {selectable && (
          <td {...CELL} data-fixed="">
            <SelectBox
              label={`Select ${row.id}`}
              checked={selected}
              onChange={(on) => row.toggleSelected(on)}
            />
          </td>
        )}
        {row.getVisibleCells().map((cell) => {
          const look = cell.column.columnDef.meta;
          return (
            <td
              key={cell.id}
              {...CELL}
              data-align={look?.align}
              data-label={look?.label}
              data-fixed={look?.fixed ? '' : undefined}
              data-actions={look?.bare ? '' : undefined}
            >
              <table.FlexRender cell={cell} />
            </td>
          );
        })}
      </tr>
    );
  },
  (before, after) =>
    before.row === after.row &&
    before.selected === after.selected &&
    before.selectable === after.selectable &&
    before.shown === after.shown &&
    before.columns === after.columns,
);
