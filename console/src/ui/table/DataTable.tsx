// A list of the API as a table: server-side sort and pages, column choice, density, selection with a bulk bar, every state of loading.
// Rows become cards on phones. Sort, place, columns and density are in the URL. Used by list pages.
import { Box, Table, Text } from '@chakra-ui/react';
import type { UseQueryResult } from '@tanstack/react-query';
import { type RowData, type RowSelectionState, useTable } from '@tanstack/react-table';
import { type ReactNode, useMemo, useState } from 'react';
import type { ListPage } from '../../api/types';
import { ProblemHelp } from '../ProblemHelp';
import { BulkBar } from './BulkBar';
import { type Columns, features } from './features';
import { TableHead } from './Head';
import { Pager } from './Pager';
import { cardStyles } from './styles';
import { TableBody } from './TableBody';
import { Toolbar } from './Toolbar';
import { type TableControl, useTableSearch } from './useTableSearch';

export interface DataTableProps<Row extends RowData> {
  /** What is listed, in the plural: `Operators`. Read out, and part of texts. */
  label: string;
  columns: Columns<Row>;
  query: UseQueryResult<ListPage<Row>>;
  rowId: (row: Row) => string;
  /** What stands where the list is empty. */
  empty: ReactNode;
  /** Filters, on the left above the table. */
  filters?: ReactNode;
  /** More for the bar above the table, such as an export. */
  tools?: ReactNode;
  /** Actions on what is selected; with it rows can be selected. */
  bulk?: (rows: Row[], clear: () => void) => ReactNode;
}

const NO_ROWS: never[] = [];

export function DataTable<Row extends RowData>(props: DataTableProps<Row>) {
  const control = useTableSearch();
  const { query } = props;
  return (
    <Box>
      <Toolbar
        columns={props.columns}
        control={control}
        query={query}
        filters={props.filters}
        tools={props.tools}
      />
      {query.isError && query.data === undefined ? (
        <ProblemHelp error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Rows {...props} control={control} />
      )}
    </Box>
  );
}

function Rows<Row extends RowData>({ control, ...props }: DataTableProps<Row> & { control: TableControl }) {
  const { query, bulk, label } = props;
  const { hide, dense } = control.search;
  const [rowSelection, setRowSelection] = useState<RowSelectionState>({});
  const columnVisibility = useMemo(
    () =>
      Object.fromEntries(
        (hide ?? '')
          .split(',')
          .filter(Boolean)
          .map((id) => [id, false]),
      ),
    [hide],
  );
  const table = useTable({
    features,
    columns: props.columns,
    data: query.data?.items ?? (NO_ROWS as Row[]),
    getRowId: props.rowId,
    enableRowSelection: bulk !== undefined,
    state: { columnVisibility, rowSelection },
    onRowSelectionChange: setRowSelection,
  });
  const selected = table.getSelectedRowModel().rows.map((row) => row.original);
  const clear = () => setRowSelection({});
  const isEmpty = query.data !== undefined && query.data.items.length === 0;
  if (isEmpty && !control.search.cursor)
    return (
      <Box borderWidth="1px" rounded="lg">
        {props.empty}
      </Box>
    );
  return (
    <>
      <Box
        borderWidth={{ base: '0', md: '1px' }}
        rounded="lg"
        overflowX={{ md: 'auto' }}
        bg={{ md: 'bg.panel' }}
      >
        <Table.Root
          role="table"
          aria-label={label}
          aria-busy={query.isFetching}
          size={dense ? 'sm' : 'md'}
          css={cardStyles}
          opacity={query.isPlaceholderData ? 0.6 : 1}
        >
          <TableHead table={table} control={control} selectable={bulk !== undefined} label={label} />
          <TableBody
            table={table}
            pending={query.isPending}
            selectable={bulk !== undefined}
            dense={dense === true}
          />
        </Table.Root>
        {isEmpty && (
          <Text p="6" textAlign="center" color="fg.muted">
            Nothing more here.
          </Text>
        )}
      </Box>
      {query.isError && (
        <Box mt="3">
          <ProblemHelp compact error={query.error} retry={() => void query.refetch()} />
        </Box>
      )}
      <Pager
        control={control}
        shown={query.data?.items.length}
        next={query.data?.next_cursor}
        label={label}
      />
      {bulk && selected.length > 0 && (
        <BulkBar count={selected.length} clear={clear}>
          {bulk(selected, clear)}
        </BulkBar>
      )}
    </>
  );
}
