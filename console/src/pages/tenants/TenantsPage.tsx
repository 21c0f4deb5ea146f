// Tenants: find, look through, suspend or resume many, export the list. Reads `GET /v1/tenants`.
import { Button } from '@chakra-ui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Building2, CirclePause, CirclePlay, Layers, Plus, SearchX } from 'lucide-react';
import { useState } from 'react';
import type { Tenant } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { ChoiceFilter, ClearFilters, TextFilter } from '../../ui/FilterBar';
import { sentence } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { type BulkKind, useTenants } from './api';
import { BulkDialog } from './BulkDialog';
import { tenantColumns } from './columns';
import { ExportList } from './ExportList';
import { STATUSES, TIERS } from './words';

const route = getRouteApi('/shell/operator/tenants/');
const FILTERS = ['q', 'status', 'plan_tier'];

export function TenantsPage() {
  const who = useWho();
  const { cursor, q, status, plan_tier, sort } = route.useSearch();
  const filter = { q, status, plan_tier, sort };
  const tenants = useTenants(filter, cursor);
  const [bulk, setBulk] = useState<{ kind: BulkKind; rows: Tenant[]; clear: () => void } | null>(null);
  const create = may(who, 'CreateTenant') && (
    <Button asChild size="sm">
      <Link to={'/tenants/new' as string}>
        <Icon as={Plus} /> New tenant
      </Link>
    </Button>
  );
  const [life, plan] = [may(who, 'SuspendTenant'), may(who, 'ChangeTenant')];
  const many = (rows: Tenant[], clear: () => void) => {
    const ask = (kind: BulkKind) => () => setBulk({ kind, rows, clear });
    return (
      <>
        {life && (
          <>
            <Button size="sm" variant="outline" onClick={ask('suspend')}>
              <Icon as={CirclePause} /> Suspend
            </Button>
            <Button size="sm" variant="outline" onClick={ask('resume')}>
              <Icon as={CirclePlay} /> Resume
            </Button>
          </>
        )}
        {plan && (
          <Button size="sm" variant="outline" onClick={ask('tier')}>
            <Icon as={Layers} /> Change tier
          </Button>
        )}
      </>
    );
  };
  return (
    <Page
      title="Tenants"
      lead="Customer organisations, each with a PostgreSQL schema and role of its own."
      actions={create}
    >
      <DataTable
        label="Tenants"
        columns={tenantColumns}
        query={tenants}
        rowId={(tenant) => tenant.slug}
        filters={
          <>
            <TextFilter name="q" label="Name, slug or email" />
            <ChoiceFilter
              name="status"
              label="Status"
              options={STATUSES.map((one) => [one, sentence(one)])}
            />
            <ChoiceFilter name="plan_tier" label="Tier" options={TIERS.map((one) => [one, sentence(one)])} />
            <ClearFilters names={FILTERS} />
          </>
        }
        tools={<ExportList filter={filter} />}
        empty={q || status || plan_tier ? <NoMatch /> : <NoTenant action={create} />}
        {...(life || plan ? { bulk: many } : {})}
      />
      {bulk && (
        <BulkDialog
          {...bulk}
          onClose={() => {
            setBulk(null);
            bulk.clear();
          }}
          onCancel={() => setBulk(null)}
        />
      )}
    </Page>
  );
}

function NoMatch() {
  return (
    <EmptyState icon={SearchX} title="No tenant matches" action={<ClearFilters names={FILTERS} />}>
      The text is looked for in name, slug and email address.
    </EmptyState>
  );
}

function NoTenant({ action }: { action: React.ReactNode }) {
  return (
    <EmptyState icon={Building2} title="No tenant yet" action={action}>
      A tenant is one customer organisation. Making one takes a few seconds.
    </EmptyState>
  );
}
