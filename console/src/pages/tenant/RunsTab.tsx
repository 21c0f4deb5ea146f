// The runs of one tenant. Reads `GET /v1/provisioning-runs`. Used by `TenantPage`.
import { Link as ChakraLink } from '@chakra-ui/react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { History } from 'lucide-react';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { Run } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { EmptyState } from '../../ui/EmptyState';
import { sentence, words } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { Duration, RelativeTime } from '../../ui/Time';
import { DataTable } from '../../ui/table/DataTable';
import { columnsOf } from '../../ui/table/features';

const route = getRouteApi('/shell/operator/tenants/$slug');
const column = columnsOf<Run>();

const runColumns = column.columns([
  column.accessor('kind', {
    meta: { label: 'Run', fixed: true },
    cell: ({ row: { original } }) => (
      <ChakraLink asChild fontWeight="medium" color="fg">
        <Link to={`/runs/${original.id}` as string}>{sentence(words(original.kind))}</Link>
      </ChakraLink>
    ),
  }),
  column.accessor('status', {
    meta: { label: 'Status' },
    cell: (cell) => <StatusBadge status={cell.getValue()} />,
  }),
  column.accessor('duration_ms', {
    meta: { label: 'Duration' },
    cell: (cell) => <Duration ms={cell.getValue()} />,
  }),
  column.accessor('created_at', {
    meta: { label: 'Asked for' },
    cell: (cell) => <RelativeTime at={cell.getValue()} />,
  }),
  column.accessor('id', {
    meta: { label: 'Run id' },
    cell: (cell) => <CopyId id={cell.getValue()} label="run id" short />,
  }),
]);

export function RunsTab({ slug }: { slug: string }) {
  const { cursor } = route.useSearch();
  const query = { tenant: slug, limit: 20, ...(cursor ? { cursor } : {}) };
  const runs = useQuery({
    queryKey: [...keys.runs, 'of', query],
    queryFn: ({ signal }) => call(api.GET('/v1/provisioning-runs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  return (
    <DataTable
      label="Runs"
      columns={runColumns}
      query={runs}
      rowId={(run) => run.id}
      empty={
        <EmptyState icon={History} title="No run yet">
          Every change of a tenant's life is a run.
        </EmptyState>
      }
    />
  );
}
