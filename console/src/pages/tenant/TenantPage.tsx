// One tenant, for operators: what it is, what was done with it, its proof, its settings, and what can be done. Reads `GET /v1/tenants/{slug}`.
import { Link as ChakraLink, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback } from 'react';
import { keys } from '../../api/keys';
import { asProblem } from '../../api/problem';
import { CopyId } from '../../ui/Copy';
import { Page } from '../../ui/Page';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { Tabs } from '../../ui/Tabs';
import { AccessTab } from './AccessTab';
import { type Tagged, useLatestRun, useTenant } from './api';
import { IsolationTab } from './IsolationTab';
import { OverviewTab } from './OverviewTab';
import { RunStrip } from './RunStrip';
import { RunsTab } from './RunsTab';
import { SettingsTab } from './SettingsTab';
import { TenantActions } from './TenantActions';

const route = getRouteApi('/shell/operator/tenants/$slug');

export function TenantPage() {
  const { slug } = route.useParams();
  const tenant = useTenant(slug);
  // What was read before a purge or a rollback is not there any more.
  const gone = tenant.isError && asProblem(tenant.error).status === 404;
  if (tenant.data && !gone) return <Loaded key={slug} tagged={tenant.data} />;
  return (
    <Page title={slug} lead="Tenant">
      {tenant.isError ? (
        <Stack gap="4" align="flex-start">
          <ProblemHelp error={tenant.error} retry={() => void tenant.refetch()} />
          {tenant.data && (
            <Text>
              {tenant.data.tenant.name} was removed. Its runs and its{' '}
              <ChakraLink asChild variant="underline">
                <Link to="/audit" search={{ tenant: tenant.data.tenant.id }}>
                  audit trail
                </Link>
              </ChakraLink>{' '}
              are kept.
            </Text>
          )}
        </Stack>
      ) : (
        <Stack gap="4" aria-busy aria-label="Loading">
          <Skeleton h="8" maxW="md" />
          <Skeleton h="48" />
        </Stack>
      )}
    </Page>
  );
}

function Loaded({ tagged }: { tagged: Tagged }) {
  const { tenant } = tagged;
  const client = useQueryClient();
  const run = useLatestRun(tenant.slug);
  const again = useCallback(
    () => void client.invalidateQueries({ queryKey: [...keys.tenant(tenant.slug), 'tagged'] }),
    [client, tenant.slug],
  );
  return (
    <Page
      title={tenant.name}
      badge={<StatusBadge status={tenant.status} />}
      lead={
        <Text as="span" display="inline-flex" gap="2" flexWrap="wrap">
          <CopyId id={tenant.slug} label="slug" />
          <CopyId id={tenant.id} label="tenant id" short />
        </Text>
      }
      actions={<TenantActions tenant={tenant} run={run.data} />}
    >
      {run.data && <RunStrip run={run.data} onEnd={again} />}
      <Tabs
        label="Tenant"
        tabs={[
          { value: 'overview', label: 'Overview', content: <OverviewTab tenant={tenant} /> },
          { value: 'runs', label: 'Runs', content: <RunsTab slug={tenant.slug} /> },
          { value: 'isolation', label: 'Isolation', content: <IsolationTab tenant={tenant} /> },
          { value: 'access', label: 'Access', content: <AccessTab slug={tenant.slug} /> },
          { value: 'settings', label: 'Settings', content: <SettingsTab tagged={tagged} /> },
        ]}
      />
    </Page>
  );
}
