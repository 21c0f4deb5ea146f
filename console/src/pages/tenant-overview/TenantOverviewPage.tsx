// A tenant's first page for its members: where they are, and what the plan allows. Reads `GET /v1/limits`.
import { Card, SimpleGrid, Skeleton, Stack } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { Shape } from '../../api/types';
import { useWho } from '../../session/session';
import type { MemberWho } from '../../session/who';
import { CopyId } from '../../ui/Copy';
import { count, sentence } from '../../ui/format';
import { KeyValue } from '../../ui/KeyValue';
import { Page } from '../../ui/Page';
import { ProblemHelp } from '../../ui/ProblemHelp';

export function TenantOverviewPage() {
  const who = useWho();
  if (who.kind !== 'member') return null;
  return (
    <Page
      title={who.tenantName}
      documentTitle={`${who.tenantName} overview`}
      lead={`You work in ${who.workspace} as ${who.role}.`}
    >
      <SimpleGrid columns={{ base: 1, xl: 2 }} gap="4">
        <Place who={who} />
        <Plan who={who} />
      </SimpleGrid>
    </Page>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card.Root size="sm">
      <Card.Header>
        <Card.Title as="h2">{title}</Card.Title>
      </Card.Header>
      <Card.Body>{children}</Card.Body>
    </Card.Root>
  );
}

function Place({ who }: { who: MemberWho }) {
  return (
    <Panel title="Where you are">
      <KeyValue
        rows={[
          ['Tenant', who.tenantName],
          ['Slug', <CopyId key="slug" id={who.tenant} label="slug" />],
          ['Tenant id', <CopyId key="tenant" id={who.tenantId} label="tenant id" />],
          ['Workspace', who.workspace],
          ['Workspace id', <CopyId key="workspace" id={who.workspaceId} label="workspace id" />],
          ['Your role', sentence(who.role)],
        ]}
      />
    </Panel>
  );
}

function Plan({ who }: { who: MemberWho }) {
  const limits = useQuery({
    queryKey: keys.limits,
    queryFn: ({ signal }) => call(api.GET('/v1/limits', { signal })),
  });
  return (
    <Panel title={`What the ${sentence(who.tier)} tier allows`}>
      {limits.isError ? (
        <ProblemHelp compact error={limits.error} retry={() => void limits.refetch()} />
      ) : limits.data ? (
        <KeyValue rows={limitRows(limits.data)} />
      ) : (
        <Stack gap="3" aria-busy>
          {[0, 1, 2, 3, 4, 5].map((line) => (
            <Skeleton key={line} h="4" />
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function limitRows(limits: Shape<'Limits'>): [string, string][] {
  const most = (value: number | null | undefined, unit = '') =>
    value === null || value === undefined ? 'Unlimited' : `${count(value)}${unit}`;
  return [
    ['Workspaces', most(limits.workspaces)],
    ['Members per workspace', most(limits.workspace_members)],
    ['Agents', most(limits.agents)],
    ['Agent minutes', most(limits.agent_minutes_per_month, ' a month')],
    ['Tasks', most(limits.tasks_per_month, ' a month')],
    ['Tasks at once', most(limits.concurrent_tasks)],
    ['API calls', most(limits.api_calls_per_hour, ' an hour')],
    ['Storage', most(limits.storage_gb, ' GB')],
  ];
}
