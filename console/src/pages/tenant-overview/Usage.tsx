// What the tenant may use, and what is used of it where the API lists it. Reads `GET /v1/limits` and the lists. Used by the overview.
import { HStack, Progress, SimpleGrid, Skeleton, Stack, Text } from '@chakra-ui/react';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { ListPage, Shape } from '../../api/types';
import type { MemberWho } from '../../session/who';
import { count, sentence } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { useAgents } from '../agents/api';
import { useMembers } from '../members/api';
import { useWorkspaces } from '../workspaces/api';
import { Panel } from './Panel';

type Limits = Shape<'Limits'>;
type Most = number | null | undefined;

/** Lists are read so far at most: beyond it the number is a lower bound. */
const FAR = 200;

export function Usage({ who }: { who: MemberWho }) {
  const limits = useQuery({
    queryKey: keys.limits,
    queryFn: ({ signal }) => call(api.GET('/v1/limits', { signal })),
  });
  return (
    <Panel title="What you may use">
      {limits.isError ? (
        <ProblemHelp compact error={limits.error} retry={() => void limits.refetch()} />
      ) : limits.data ? (
        <Stack gap="5">
          <Meters tenant={who.tenant} limits={limits.data} />
          <Others limits={limits.data} />
          <Text textStyle="xs" color="fg.muted">
            From the {sentence(who.tier)} tier, unless a number of your own was agreed.
          </Text>
        </Stack>
      ) : (
        <Stack gap="4" aria-busy>
          {[0, 1, 2, 3].map((line) => (
            <Skeleton key={line} h="5" />
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function Meters({ tenant, limits }: { tenant: string; limits: Limits }) {
  const workspaces = useWorkspaces(false);
  const members = useMembers(undefined, FAR);
  const agents = useAgents({}, FAR);
  const params = { tenant };
  return (
    <Stack gap="4">
      <Meter
        label={
          <Link to="/t/$tenant/workspaces" params={params}>
            Workspaces
          </Link>
        }
        name="Workspaces"
        list={workspaces}
        most={limits.workspaces}
      />
      <Meter
        label={
          <Link to="/t/$tenant/members" params={params}>
            Members of this workspace
          </Link>
        }
        name="Members of this workspace"
        list={members}
        most={limits.workspace_members}
      />
      {/* The limit is the tenant's; agents are listed by workspace. */}
      <Meter
        label={
          <Link to="/t/$tenant/agents" params={params}>
            Agents of this workspace
          </Link>
        }
        name="Agents of this workspace"
        list={agents}
        most={limits.agents}
        of="in the tenant"
      />
    </Stack>
  );
}

interface MeterProps {
  label: ReactNode;
  name: string;
  list: Pick<UseQueryResult<ListPage<unknown>>, 'data' | 'isError'>;
  most: Most;
  /** Where the limit counts more than the list has. */
  of?: string;
}

/** In per cent. Of a limit of nothing all is used. */
function shareOf(used: number | undefined, most: Most): number {
  if (used === undefined || typeof most !== 'number') return 0;
  return most === 0 ? 100 : Math.min(100, (used / most) * 100);
}

function Meter({ label, name, list, most, of }: MeterProps) {
  const used = list.data?.items.length;
  const unknown = list.isError ? 'Not known' : '…';
  const shown = used === undefined ? unknown : `${count(used)}${list.data?.next_cursor ? ' or more' : ''}`;
  const share = shareOf(used, most);
  const full = share >= 100;
  return (
    <Stack gap="1.5">
      <HStack justify="space-between" gap="3">
        <Text asChild fontWeight="medium" _hover={{ textDecoration: 'underline' }}>
          <span>{label}</span>
        </Text>
        <Text color={full ? 'fg.warning' : 'fg.muted'} fontVariantNumeric="tabular-nums" textAlign="end">
          {typeof most === 'number'
            ? `${shown} of ${count(most)}${of ? ` ${of}` : ''}`
            : `${shown}, unlimited`}
          {full && ', full'}
        </Text>
      </HStack>
      {typeof most === 'number' && (
        <Progress.Root value={share} size="xs" colorPalette={full ? 'orange' : 'accent'}>
          <Progress.Track aria-label={`${name} used`}>
            <Progress.Range />
          </Progress.Track>
        </Progress.Root>
      )}
    </Stack>
  );
}

function Others({ limits }: { limits: Limits }) {
  const most = (value: Most, unit: string) =>
    value === null || value === undefined ? 'Unlimited' : `${count(value)}${unit}`;
  const rows: [string, string][] = [
    ['Agent minutes', most(limits.agent_minutes_per_month, ' a month')],
    ['Tasks', most(limits.tasks_per_month, ' a month')],
    ['Tasks at once', most(limits.concurrent_tasks, '')],
    ['API calls', most(limits.api_calls_per_hour, ' an hour')],
    ['Storage', most(limits.storage_gb, ' GB')],
    ['Queue priority', String(limits.queue_priority)],
  ];
  return (
    <SimpleGrid as="dl" columns={{ base: 2, md: 3 }} gap="4" borderTopWidth="1px" pt="4">
      {rows.map(([name, value]) => (
        <div key={name}>
          <Text as="dt" textStyle="xs" color="fg.muted">
            {name}
          </Text>
          <Text as="dd" fontVariantNumeric="tabular-nums">
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}
