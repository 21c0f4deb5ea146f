// A report to hand to a security officer: on paper, or as a PDF of the browser's. Scope, method, seed, software, counts, every check, a line to sign.
// Reads `GET /v1/isolation-reports/{id}`.
import {
  Box,
  Button,
  Flex,
  Grid,
  Heading,
  HStack,
  Skeleton,
  Stack,
  Table,
  Text,
  Theme,
} from '@chakra-ui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Printer } from 'lucide-react';
import { useEffect } from 'react';
import type { IsolationReport } from '../../api/types';
import { count, duration, exactTime, sentence } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { isOver, useReport } from './api';
import { byLayer, type Check, LAYERS } from './compare';

const route = getRouteApi('/isolation/$id/print');

export function PrintPage() {
  const { id } = route.useParams();
  const report = useReport(id);
  useEffect(() => {
    document.title = `Isolation report ${id} · Tenantry`;
  }, [id]);
  return (
    // Paper is light, whatever the screen is.
    <Theme appearance="light" colorPalette="accent" bg="white" color="fg" minH="100dvh">
      <Box
        as="main"
        maxW="210mm"
        mx="auto"
        p={{ base: '4', md: '10' }}
        textStyle="sm"
        _print={{ p: '0', maxW: 'none' }}
      >
        <HStack justify="space-between" mb="8" _print={{ display: 'none' }}>
          <Button asChild size="sm" variant="ghost">
            <Link to="/isolation/$id" params={{ id }}>
              Back to the report
            </Link>
          </Button>
          <Button size="sm" disabled={!report.data} onClick={() => window.print()}>
            <Icon as={Printer} /> Print or save as PDF
          </Button>
        </HStack>
        {report.isError && <ProblemHelp error={report.error} retry={() => void report.refetch()} />}
        {report.data ? <Paper report={report.data} /> : !report.isError && <Skeleton h="96" />}
      </Box>
    </Theme>
  );
}

function Paper({ report }: { report: IsolationReport }) {
  const facts: [string, string][] = [
    ['Result', resultOf(report)],
    [
      'Scope',
      report.tenant ? `Tenant ${report.tenant}, against all others` : `All ${count(report.tenants)} tenants`,
    ],
    ['Pairs', report.sampled ? 'Sampled, chosen by the seed' : 'Every pair was tried'],
    ['Seed', String(report.seed)],
    ['Software', report.software || '–'],
    ['Asked for', `${exactTime(Date.parse(report.requested_at))}, by ${report.requested_by}`],
    ['Finished', report.finished_at ? exactTime(Date.parse(report.finished_at)) : 'Not finished'],
    ['Duration', report.duration_ms ? duration(report.duration_ms) : '–'],
    ['Attempts', `${count(report.attempts)}, of which ${count(report.refusals)} were refused`],
    ['Open', count(report.open)],
    ['Report id', report.id],
  ];
  return (
    <Stack gap="8">
      <Box>
        <Text color="fg.muted">Tenantry</Text>
        <Heading as="h1" size="2xl">
          Isolation report
        </Heading>
      </Box>
      <Grid as="dl" templateColumns="9rem minmax(0, 1fr)" rowGap="1.5" columnGap="4">
        {facts.map(([name, value]) => (
          <Box key={name} display="contents">
            <Text as="dt" color="fg.muted">
              {name}
            </Text>
            <Text as="dd" overflowWrap="anywhere" fontVariantNumeric="tabular-nums">
              {value}
            </Text>
          </Box>
        ))}
      </Grid>
      {report.error && <Text>The proof did not come to its end: {report.error}</Text>}
      {byLayer(report).map(([layer, checks]) => (
        <Box as="section" key={layer}>
          <Heading as="h2" size="md" mb="1">
            {LAYERS[layer].name}
          </Heading>
          <Text color="fg.muted" mb="3">
            Method: {LAYERS[layer].method}
          </Text>
          <CheckTable checks={checks} label={LAYERS[layer].name} />
        </Box>
      ))}
      <Text color="fg.muted">
        Every attempt in the database was rolled back. Nothing of a tenant's rows is in this report. The same
        seed over the same tenants tries the same.
      </Text>
      <Signatures />
    </Stack>
  );
}

function resultOf(report: IsolationReport): string {
  if (!isOver(report)) return 'Not finished';
  if (report.status === 'passed') return 'Passed: nothing is open';
  return report.status === 'failed' ? `Failed: ${count(report.open)} open` : sentence(report.status);
}

function CheckTable({ checks, label }: { checks: Check[]; label: string }) {
  return (
    <Table.Root size="sm" aria-label={label} css={{ '& td, & th': { px: '1.5', verticalAlign: 'top' } }}>
      <Table.Header _print={{ display: 'table-header-group' }}>
        <Table.Row>
          <Table.ColumnHeader>Check and promise</Table.ColumnHeader>
          <Table.ColumnHeader textAlign="end">Examined</Table.ColumnHeader>
          <Table.ColumnHeader textAlign="end">Held</Table.ColumnHeader>
          <Table.ColumnHeader>Result</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {checks.map((check) => (
          <Table.Row key={check.name} css={{ breakInside: 'avoid' }}>
            <Table.Cell>
              <Text fontFamily="mono" textStyle="xs" color="fg.muted">
                {check.name}
              </Text>
              <Text>{check.promise}</Text>
              {check.evidence.map((line) => (
                <Text key={line} fontFamily="mono" textStyle="xs" overflowWrap="anywhere">
                  {line}
                </Text>
              ))}
            </Table.Cell>
            <Table.Cell textAlign="end">{count(check.examined)}</Table.Cell>
            <Table.Cell textAlign="end">{count(check.held)}</Table.Cell>
            <Table.Cell whiteSpace="nowrap" fontWeight={check.open ? 'bold' : 'normal'}>
              {check.open === 0 ? 'Holds' : `${count(check.open)} open`}
            </Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  );
}

function Signatures() {
  return (
    <Flex gap="10" mt="10" css={{ breakInside: 'avoid' }} direction={{ base: 'column', sm: 'row' }}>
      {['Name and role', 'Date', 'Signature'].map((line) => (
        <Box key={line} flex="1" borderTopWidth="1px" borderColor="fg" pt="1" mt="8">
          <Text textStyle="xs" color="fg.muted">
            {line}
          </Text>
        </Box>
      ))}
    </Flex>
  );
}
