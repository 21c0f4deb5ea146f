// The proof of this tenant: its last reports, the newest of all tenants, and a new one. Reads `GET /v1/isolation-reports` and
// `GET /v1/overview`, which knows the newest however many came after it. Used by `TenantPage`.
import { Box, Button, Link as ChakraLink, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { IsolationReport, Tenant } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { count } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { overview } from '../home/api';
import { useReport, useReports } from '../isolation/api';
import { ProveDialog } from '../isolation/ProveDialog';
import { aboutAll, isOlder } from './proved';

export function IsolationTab({ tenant }: { tenant: Tenant }) {
  const who = useWho();
  const reports = useReports(10, undefined, tenant.slug);
  const glance = useQuery(overview);
  const [asking, setAsking] = useState(false);
  const prove = may(who, 'ProveIsolation') && tenant.status === 'active' && (
    <Button size="sm" variant="outline" onClick={() => setAsking(true)}>
      <Icon as={ShieldCheck} /> Prove this tenant
    </Button>
  );
  if (reports.isError && !reports.data)
    return <ProblemHelp error={reports.error} retry={() => void reports.refetch()} />;
  const own = reports.data?.items;
  const newest = glance.data?.isolation.newest;
  return (
    <Stack gap="4">
      <HStack justify="space-between" gap="3" wrap="wrap">
        <Text color="fg.muted" maxW="2xl" flex="1 1 16rem">
          The proof of one tenant tries it against all others, and all others against it.
        </Text>
        {own && own.length > 0 && prove}
      </HStack>
      {!own ? (
        <Skeleton h="24" aria-busy />
      ) : own.length === 0 ? (
        <Box borderWidth="1px" rounded="lg">
          <EmptyState icon={ShieldCheck} title="This tenant was not proved alone" action={prove}>
            {glance.data && aboutAll(tenant, newest)}
          </EmptyState>
        </Box>
      ) : (
        <Reports reports={own} label="Reports of this tenant" />
      )}
      {glance.isError && !glance.data && (
        <ProblemHelp compact error={glance.error} retry={() => void glance.refetch()} />
      )}
      {newest && (
        <NewestOfAll
          id={newest.id}
          label={`Newest report of all tenants${isOlder(newest, tenant) ? ', older than this one' : ''}`}
        />
      )}
      {asking && <ProveDialog tenant={tenant.slug} onClose={() => setAsking(false)} />}
    </Stack>
  );
}

function NewestOfAll({ id, label }: { id: string; label: string }) {
  const report = useReport(id);
  if (report.data) return <Reports reports={[report.data]} label={label} />;
  if (report.isError) return <ProblemHelp compact error={report.error} retry={() => void report.refetch()} />;
  return <Skeleton h="16" aria-busy />;
}

function Reports({ reports, label }: { reports: IsolationReport[]; label: string }) {
  return (
    <Box as="section" aria-label={label}>
      <Text textStyle="xs" color="fg.muted" mb="1.5">
        {label}
      </Text>
      <Stack as="ul" gap="0" listStyleType="none" borderWidth="1px" rounded="lg" bg="bg.panel">
        {reports.map((report) => (
          <HStack
            as="li"
            key={report.id}
            px="4"
            py="2.5"
            gap="4"
            wrap="wrap"
            borderBottomWidth="1px"
            _last={{ borderBottomWidth: 0 }}
          >
            <StatusBadge status={report.status} />
            <Text flex="1 1 10rem">
              {count(report.refusals)} of {count(report.attempts)} attempts refused, {count(report.open)} open
            </Text>
            <Text textStyle="xs" color="fg.muted">
              <RelativeTime at={report.requested_at} />
            </Text>
            <ChakraLink asChild variant="underline">
              <Link to="/isolation/$id" params={{ id: report.id }}>
                Open report
              </Link>
            </ChakraLink>
          </HStack>
        ))}
      </Stack>
    </Box>
  );
}
