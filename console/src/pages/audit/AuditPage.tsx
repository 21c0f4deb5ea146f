// The audit viewer: who did what, filtered by the URL; what changed; whether the chain is whole; export. For operators, and for a tenant's
// owner and admins of their own. Reads `GET /v1/audit-events`.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ScrollText, SearchX } from 'lucide-react';
import { useCallback, useMemo } from 'react';
import type { AuditEvent } from '../../api/types';
import { useWho } from '../../session/session';
import { EmptyState } from '../../ui/EmptyState';
import { ClearFilters } from '../../ui/FilterBar';
import { Page } from '../../ui/Page';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { DataTable } from '../../ui/table/DataTable';
import { useAuditEvent, useAuditEvents, useNames } from './api';
import { ChainBadge } from './ChainBadge';
import { auditColumns } from './columns';
import { EventDrawer } from './EventDrawer';
import { ExportMenu } from './ExportMenu';
import { Filters } from './Filters';
import { type AuditFilter, FILTERS } from './filter';

export type AuditSearch = AuditFilter & { cursor?: string; event?: string };

export function AuditPage() {
  const who = useWho();
  const search = useSearch({ strict: false }) as AuditSearch;
  const navigate = useNavigate();
  const operator = who.kind === 'operator';
  const filter: AuditFilter = {
    actor: search.actor,
    action: search.action,
    target: search.target,
    from: search.from,
    to: search.to,
    // Row-level security confines members to their own tenant: they have no such filter.
    ...(operator ? { tenant: search.tenant } : {}),
  };
  const events = useAuditEvents({ ...filter, cursor: search.cursor });
  const listed = events.data?.items.find((event) => event.id === search.event);
  const linked = useAuditEvent(listed ? undefined : search.event);
  const names = useNames();
  const show = useCallback(
    (event: AuditEvent | undefined) =>
      void navigate({
        to: '.',
        search: ((before: AuditSearch) => ({ ...before, event: event?.id })) as never,
        state: (before) => before,
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const columns = useMemo(
    () => auditColumns({ names, tenants: operator, onOpen: show }),
    [names, operator, show],
  );
  const filtered = FILTERS.some((name) => search[name]);
  return (
    <Page
      title="Audit"
      lead={
        operator
          ? 'Who did what to what, when, and through which request. Events are never changed once written.'
          : 'Who did what in your tenant, when, and through which request. Events are never changed once written.'
      }
      actions={
        <ChainBadge
          tenant={filter.tenant}
          name={operator ? (filter.tenant ?? 'Platform') : 'Your'}
          all={operator}
        />
      }
    >
      {search.event && !listed && linked.isError && <ProblemHelp compact error={linked.error} />}
      <DataTable
        label="Audit events"
        columns={columns}
        query={events}
        rowId={(event) => event.id}
        filters={<Filters tenants={operator} />}
        tools={<ExportMenu filter={filter} />}
        empty={
          filtered ? (
            <EmptyState
              icon={SearchX}
              title="No event matches"
              action={<ClearFilters names={[...FILTERS]} />}
            >
              An action is matched whole, or by its beginning where it ends with a point, such as tenant.
            </EmptyState>
          ) : (
            <EmptyState icon={ScrollText} title="Nothing has happened yet">
              Every change leaves an event here, in the same transaction.
            </EmptyState>
          )
        }
      />
      <EventDrawer
        event={listed ?? (search.event ? linked.data : undefined)}
        names={names}
        onClose={() => show(undefined)}
      />
    </Page>
  );
}
