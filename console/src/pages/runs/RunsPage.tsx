// Runs: all durable work on tenants, newest first, with what failed a click away. Reads `GET /v1/provisioning-runs`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { ListChecks, TriangleAlert } from 'lucide-react';
import { EmptyState } from '../../ui/EmptyState';
import { ChoiceFilter, ClearFilters, TextFilter } from '../../ui/FilterBar';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useTableSearch } from '../../ui/table/useTableSearch';
import { useRuns } from './api';
import { runColumns } from './columns';
import { KINDS, STATUSES } from './words';

const route = getRouteApi('/shell/operator/runs/');
const FILTERS = ['tenant', 'kind', 'status', 'failed'];

export function RunsPage() {
  const { cursor, kind, status, tenant, failed } = route.useSearch();
  const runs = useRuns({ cursor, kind, status, tenant, failed });
  const filtered = Boolean(kind || status || tenant || failed);
  return (
    <Page title="Runs" lead="Durable work on tenants: made of steps, all done or all undone.">
      <DataTable
        label="Runs"
        columns={runColumns}
        query={runs}
        rowId={(run) => run.id}
        filters={
          <>
            <TextFilter name="tenant" label="Slug of the tenant" />
            <ChoiceFilter name="kind" label="Kind" options={KINDS} />
            {!failed && <ChoiceFilter name="status" label="Status" options={STATUSES} />}
            <FailedOnly on={failed === true} />
            <ClearFilters names={FILTERS} />
          </>
        }
        empty={<NoRuns filtered={filtered} failed={failed === true} />}
      />
    </Page>
  );
}

function FailedOnly({ on }: { on: boolean }) {
  const { filter } = useTableSearch();
  return (
    <Button
      size="sm"
      variant={on ? 'subtle' : 'outline'}
      aria-pressed={on}
      onClick={() => filter({ failed: !on, status: undefined })}
    >
      <Icon as={TriangleAlert} /> Failed only
    </Button>
  );
}

function NoRuns({ filtered, failed }: { filtered: boolean; failed: boolean }) {
  if (failed)
    return (
      <EmptyState icon={ListChecks} title="No run has failed">
        Nothing was rolled back, and nothing waits for a person, as far as these filters look.
      </EmptyState>
    );
  return (
    <EmptyState icon={ListChecks} title={filtered ? 'No run matches' : 'No runs yet'}>
      {filtered
        ? 'Take a filter away to see more. The slug has to be whole.'
        : 'Making a tenant is the first. Every later change of its life is a run too.'}
    </EmptyState>
  );
}
