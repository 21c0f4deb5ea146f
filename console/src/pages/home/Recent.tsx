// What happened last: runs, and the audit trail. Used by `HomePage`.
import { Box, Link as ChakraLink, Flex, HStack, SimpleGrid, Skeleton, Text } from '@chakra-ui/react';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AuditEvent, ListPage, Run } from '../../api/types';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { recentRuns } from '../runs/api';
import { runTitle } from '../runs/words';
import { recentTrail } from './api';
import { Section } from './Section';

export function Recent() {
  return (
    <SimpleGrid columns={{ base: 1, xl: 2 }} gap="6">
      <Section title="Recent runs" more={{ label: 'All runs', path: '/runs' }}>
        <Lines query={useQuery(recentRuns({}, 8))} none="No runs yet." id={(run) => run.id} line={RunLine} />
      </Section>
      <Section title="Audit trail" more={{ label: 'All events', path: '/audit' }}>
        <Lines
          query={useQuery(recentTrail)}
          none="Nothing recorded yet."
          id={(event) => event.id}
          line={EventLine}
        />
      </Section>
    </SimpleGrid>
  );
}

interface LinesProps<Row> {
  query: UseQueryResult<ListPage<Row>>;
  none: string;
  id: (row: Row) => string;
  line: (props: { row: Row }) => ReactNode;
}

function Lines<Row>({ query, none, id, line: Line }: LinesProps<Row>) {
  if (query.isError) return <ProblemHelp compact error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton h="64" aria-busy />;
  if (query.data.items.length === 0) return <Text color="fg.muted">{none}</Text>;
  return (
    <Box as="ul" listStyleType="none" borderWidth="1px" rounded="lg" bg="bg.panel">
      {query.data.items.map((row) => (
        <Flex
          as="li"
          key={id(row)}
          px="4"
          py="1.5"
          minH="10"
          gap="3"
          align="center"
          justify="space-between"
          _notLast={{ borderBottomWidth: '1px' }}
        >
          <Line row={row} />
        </Flex>
      ))}
    </Box>
  );
}

function RunLine({ row }: { row: Run }) {
  return (
    <>
      <HStack gap="2" minW="0" flex="1">
        <ChakraLink asChild fontWeight="medium" minH="6" minW="0">
          <Link to="/runs/$run" params={{ run: row.id }}>
            <Text as="span" truncate>
              {runTitle(row)}
            </Text>
          </Link>
        </ChakraLink>
        <StatusBadge status={row.status} />
      </HStack>
      <Text as="div" textStyle="xs" color="fg.muted">
        <RelativeTime at={row.created_at} />
      </Text>
    </>
  );
}

function EventLine({ row }: { row: AuditEvent }) {
  return (
    <>
      <Box minW="0" flex="1">
        <Text as="span" fontFamily="mono" textStyle="xs">
          {row.action}
        </Text>
        <Text textStyle="xs" color="fg.muted" truncate>
          {row.actor_kind} {row.actor === row.actor_kind ? '' : row.actor}
        </Text>
      </Box>
      <Text as="div" textStyle="xs" color="fg.muted">
        <RelativeTime at={row.occurred_at} />
      </Text>
    </>
  );
}
