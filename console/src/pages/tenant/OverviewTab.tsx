// What a tenant is and may use, and what was last done with it. Used by `TenantPage`.
import { Box, Link as ChakraLink, Grid, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { useTiers } from '../../api/tiers';
import type { AuditEvent, Tenant } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { count, sentence } from '../../ui/format';
import { KeyValue } from '../../ui/KeyValue';
import { type TenantLimit, tenantLimits } from '../../ui/limits';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { Bytes, RelativeTime } from '../../ui/Time';
import { actorOf, useAuditEvents, useNames } from '../audit/api';
import { Panel } from './Panel';

export function OverviewTab({ tenant }: { tenant: Tenant }) {
  return (
    <Grid templateColumns={{ base: 'minmax(0, 1fr)', xl: 'minmax(0, 3fr) minmax(0, 2fr)' }} gap="4">
      <Panel title="About">
        <KeyValue rows={aboutRows(tenant)} />
      </Panel>
      <Limits tenant={tenant} />
      <Box gridColumn={{ xl: '1 / -1' }}>
        <RecentAudit slug={tenant.slug} id={tenant.id} />
      </Box>
    </Grid>
  );
}

function Limits({ tenant }: { tenant: Tenant }) {
  const tier = sentence(tenant.plan_tier);
  // What the tier would allow is a help: the limits stand without it.
  const terms = useTiers().data?.items.find(({ name }) => name === tenant.plan_tier);
  const limits = tenantLimits(tenant, terms?.limits);
  const own = limits.filter((limit) => limit.own).length;
  const from = own === 0 ? '' : `, but for ${own === 1 ? 'one' : count(own)} of its own`;
  return (
    <Panel
      title="Limits"
      aside={
        <Text color="fg.muted" textStyle="xs" textAlign="end">
          From the {tier} tier{from}
        </Text>
      }
    >
      <KeyValue
        rows={limits.map((limit) => [limit.name, <Most key={limit.name} limit={limit} tier={tier} />])}
      />
    </Panel>
  );
}

function Most({ limit: { most, own, ofTier }, tier }: { limit: TenantLimit; tier: string }) {
  if (!own) return most;
  return (
    <HStack gap="2" wrap="wrap" rowGap="0">
      <span>{most}</span>
      <Text as="span" color="fg.muted" textStyle="xs">
        its own{ofTier && `, ${tier} has ${ofTier}`}
      </Text>
    </HStack>
  );
}

function aboutRows(tenant: Tenant): [string, React.ReactNode][] {
  const { adopted, schema_name: schema } = tenant;
  const rows: [string, React.ReactNode][] = [
    ['Status', <StatusBadge key="status" status={tenant.status} />],
    ['Tier', sentence(tenant.plan_tier)],
    ['Owner email', <CopyId key="email" id={tenant.admin_email} label="email" />],
    ['Schema', schema ? <CopyId key="schema" id={schema} label="schema name" /> : 'Not placed yet'],
    ['Schema version', tenant.schema_version ?? 'Not placed yet'],
    ['Schema size', <Sampled key="size" tenant={tenant} />],
    ['Last activity', <RelativeTime key="activity" at={tenant.last_activity_at} none="None seen" />],
    ['Domains', tenant.allowed_domains.length > 0 ? tenant.allowed_domains.join(', ') : 'None'],
    ['Created', <RelativeTime key="created" at={tenant.created_at} />],
    ['Changed', <RelativeTime key="updated" at={tenant.updated_at} />],
    ['Sign-in page', <CopyId key="url" id={tenant.console_url} label="address" />],
  ];
  if (tenant.deleted_at)
    rows.push(
      ['Deleted', <RelativeTime key="deleted" at={tenant.deleted_at} />],
      ['Restorable until', <RelativeTime key="until" at={tenant.restorable_until} none="It is purged" />],
    );
  if (adopted)
    rows.push(
      ['Adopted from', <CopyId key="from" id={adopted.from} label="former schema name" />],
      ['Baseline', adopted.baseline],
      ['Adopted', <RelativeTime key="adopted" at={adopted.adopted_at} />],
    );
  return rows;
}

/** Weighed now and then, not while it is looked at. */
function Sampled({ tenant }: { tenant: Tenant }) {
  if (!tenant.sampled_at) return <Text color="fg.muted">Not weighed yet</Text>;
  return (
    <Text as="span">
      <Bytes count={tenant.schema_bytes} />{' '}
      <Text as="span" color="fg.muted" textStyle="xs">
        <RelativeTime at={tenant.sampled_at} />
      </Text>
    </Text>
  );
}

function RecentAudit({ slug, id }: { slug: string; id: string }) {
  const events = useAuditEvents({ tenant: id, limit: 8 });
  const names = useNames();
  const actor = (event: AuditEvent) => {
    const { kind, name } = actorOf(event, names);
    return name ? `${name}, ${kind.toLowerCase()}` : kind;
  };
  const all = (
    <ChakraLink asChild variant="underline" textStyle="xs">
      <Link to="/audit" search={{ tenant: slug }}>
        Whole audit trail
      </Link>
    </ChakraLink>
  );
  return (
    <Panel title="Recent audit" aside={all}>
      {events.isError ? (
        <ProblemHelp compact error={events.error} retry={() => void events.refetch()} />
      ) : !events.data ? (
        <Stack gap="3" aria-busy>
          {[0, 1, 2, 3].map((line) => (
            <Skeleton key={line} h="4" />
          ))}
        </Stack>
      ) : events.data.items.length === 0 ? (
        <Text color="fg.muted">Nothing yet.</Text>
      ) : (
        <Stack as="ul" gap="0" listStyleType="none">
          {events.data.items.map((event) => (
            <Box
              as="li"
              key={event.id}
              py="1.5"
              display="flex"
              gap="4"
              borderBottomWidth="1px"
              _last={{ border: 0 }}
            >
              <Text flex="1" minW="0" truncate>
                <Link to="/audit" search={{ tenant: slug, event: event.id }}>
                  {event.action}
                </Link>
              </Text>
              <Text flex="1" minW="0" truncate color="fg.muted" hideBelow="md">
                {actor(event)}
              </Text>
              <Text color="fg.muted" textStyle="xs" textAlign="end" flexShrink="0" minW="28">
                <RelativeTime at={event.occurred_at} />
              </Text>
            </Box>
          ))}
        </Stack>
      )}
    </Panel>
  );
}
