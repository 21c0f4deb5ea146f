// What our tables can do: columns to choose, rows to select. Sort, filters and pages are the server's. Used by columns files and `DataTable`.
import {
  type ColumnDef,
  columnVisibilityFeature,
  createColumnHelper,
  metaHelper,
  type RowData,
  rowSelectionFeature,
  tableFeatures,
} from '@tanstack/react-table';

export interface ColumnLook {
  /** What the column is called on phones and in the choice of columns; also its head, unless `bare`. */
  label: string;
  /** The API's word to sort by it. */
  sort?: string;
  align?: 'end';
  /** Stays, whatever is hidden: what the row is about, and its actions. */
  fixed?: boolean;
  /** The head is read out but not shown: for actions. */
  bare?: boolean;
}

export const features = tableFeatures({
  columnVisibilityFeature,
  rowSelectionFeature,
  columnMeta: metaHelper<ColumnLook>(),
});

export type Features = typeof features;
// biome-ignore lint/suspicious/noExplicitAny: columns of one table have values of many types
export type Columns<Row extends RowData> = ColumnDef<Features, Row, any>[];

/** Makes columns for rows of a type: call it once, in `columns.tsx`. */
export function columnsOf<Row extends RowData>() {
  return createColumnHelper<Features, Row>();
}
