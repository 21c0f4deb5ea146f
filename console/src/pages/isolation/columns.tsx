// Columns of the list of isolation reports. Used by `ReportsTable`.
import { Link as ChakraLink, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { IsolationReport } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { count } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { Duration, RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';

const column = columnsOf<IsolationReport>();
const number = (value: number) => <Text fontVariantNumeric="tabular-nums">{count(value)}</Text>;

export const reportColumns = column.columns([
  column.accessor('requested_at', {
    meta: { label: 'Report', fixed: true },
    cell: ({ row: { original } }) => (
      <ChakraLink asChild fontWeight="medium" color="fg">
        <Link to="/isolation/$id" params={{ id: original.id }}>
          {original.tenant ? `Tenant ${original.tenant}` : 'All tenants'}
        </Link>
      </ChakraLink>
    ),
  }),
  column.accessor('status', {
    meta: { label: 'Status' },
    cell: (cell) => <StatusBadge status={cell.getValue()} />,
  }),
  column.accessor('open', { meta: { label: 'Open' }, cell: (cell) => number(cell.getValue()) }),
  column.accessor('attempts', { meta: { label: 'Attempts' }, cell: (cell) => number(cell.getValue()) }),
  column.accessor('refusals', { meta: { label: 'Refused' }, cell: (cell) => number(cell.getValue()) }),
  column.accessor('tenants', { meta: { label: 'Tenants' }, cell: (cell) => number(cell.getValue()) }),
  column.accessor('duration_ms', {
    meta: { label: 'Duration' },
    cell: (cell) => <Duration ms={cell.getValue()} />,
  }),
  column.display({
    id: 'asked',
    meta: { label: 'Asked for' },
    cell: ({ row: { original } }) => <RelativeTime at={original.requested_at} />,
  }),
  column.accessor('id', {
    meta: { label: 'Report id' },
    cell: (cell) => <CopyId id={cell.getValue()} label="report id" short />,
  }),
]);
