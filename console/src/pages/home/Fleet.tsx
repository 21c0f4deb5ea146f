// The fleet in numbers: tenants by status and tier, work, slots, weight. Used by `HomePage`.
import { Box, Link as ChakraLink, Flex, SimpleGrid, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Shape, TenantStatus, Tier } from '../../api/types';
import { bytes, count, sentence } from '../../ui/format';
import { overview } from './api';
import { Section } from './Section';

type Overview = Shape<'Overview'>;

const STATUSES: TenantStatus[] = ['active', 'provisioning', 'suspended', 'deleted'];
const TIERS: Tier[] = ['free', 'starter', 'pro', 'enterprise'];

export function Fleet() {
  const glance = useQuery(overview);
  if (glance.isError) return null;
  return (
    <Section title="Fleet" more={{ label: 'All tenants', path: '/tenants' }}>
      {glance.data ? <Numbers glance={glance.data} /> : <Skeleton h="36" aria-busy />}
    </Section>
  );
}

function Numbers({ glance }: { glance: Overview }) {
  const { tenants, runs, slots } = glance;
  return (
    <SimpleGrid columns={{ base: 1, lg: 3 }} borderWidth="1px" rounded="lg" bg="bg.panel" gap="0">
      <Part title={`${count(tenants.total)} ${tenants.total === 1 ? 'tenant' : 'tenants'}`}>
        {STATUSES.map((status) => (
          <Row
            key={status}
            name={sentence(status)}
            value={count(tenants.by_status[status])}
            path="/tenants"
            search={{ status }}
          />
        ))}
      </Part>
      <Part title="By tier">
        {TIERS.map((tier) => (
          <Row
            key={tier}
            name={sentence(tier)}
            value={count(tenants.by_tier[tier])}
            path="/tenants"
            search={{ plan_tier: tier }}
            share={tenants.by_tier[tier] / Math.max(1, ...TIERS.map((one) => tenants.by_tier[one]))}
          />
        ))}
      </Part>
      <Part title="At work">
        <Row
          name="Runs at work"
          value={count(runs.pending + runs.running + runs.rolling_back)}
          path="/runs"
        />
        <Row name="Warm slots ready" value={count(slots.ready)} />
        <Row name="Refusals in 24 h" value={count(glance.cross_tenant.refused_24h)} path="/isolation" />
        <Row name="Size of all schemas" value={bytes(glance.schema_bytes)} />
      </Part>
    </SimpleGrid>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Box
      p="4"
      borderColor="border"
      _notLast={{ borderBottomWidth: { base: '1px', lg: '0' }, borderEndWidth: { lg: '1px' } }}
    >
      <Text fontWeight="medium" mb="2">
        {title}
      </Text>
      <Stack as="dl" gap="1">
        {children}
      </Stack>
    </Box>
  );
}

interface RowProps {
  name: string;
  value: string;
  path?: string;
  search?: Record<string, string>;
  /** Of the longest bar, 0 to 1. */
  share?: number;
}

function Row({ name, value, path, search, share }: RowProps) {
  return (
    <Flex justify="space-between" align="center" gap="3" minH="6">
      <Text as="dt" color="fg.muted" w="32" flexShrink="0">
        {path ? (
          <ChakraLink asChild color="inherit" minH="6" alignItems="center">
            <Link to={path} search={search as never}>
              {name}
            </Link>
          </ChakraLink>
        ) : (
          name
        )}
      </Text>
      <Flex as="dd" flex="1" gap="3" align="center" justify="flex-end">
        {share !== undefined && (
          <Box aria-hidden flex="1" h="1" rounded="full" bg="bg.muted">
            <Box h="full" rounded="full" bg="accent.solid" style={{ width: `${share * 100}%` }} />
          </Box>
        )}
        <Text as="span" minW="8" textAlign="end" fontVariantNumeric="tabular-nums">
          {value}
        </Text>
      </Flex>
    </Flex>
  );
}
