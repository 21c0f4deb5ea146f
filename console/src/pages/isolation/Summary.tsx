// The figures of a report, and what it was made with. Used by `ReportPage`.
import { Box, SimpleGrid, Stack, Text } from '@chakra-ui/react';
import type { ReactNode } from 'react';
import type { IsolationReport } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { count } from '../../ui/format';
import { KeyValue } from '../../ui/KeyValue';
import { Duration, RelativeTime } from '../../ui/Time';
import { isOver } from './api';

export function Figure({ name, value, note }: { name: string; value: ReactNode; note?: ReactNode }) {
  return (
    <Box borderWidth="1px" rounded="lg" bg="bg.panel" px="4" py="3" minW="0">
      <Text textStyle="xs" color="fg.muted">
        {name}
      </Text>
      <Text textStyle="2xl" fontWeight="semibold" fontVariantNumeric="tabular-nums">
        {value}
      </Text>
      {note && (
        <Text as="div" textStyle="xs" color="fg.muted">
          {note}
        </Text>
      )}
    </Box>
  );
}

export function Summary({ report }: { report: IsolationReport }) {
  const over = isOver(report);
  // Before its end a report has counted nothing yet.
  const { open, attempts, refusals } = over ? report : (report.progress ?? report);
  return (
    <Stack gap="5">
      <SimpleGrid columns={{ base: 2, md: 4 }} gap="3">
        <Figure
          name="Open"
          value={count(open)}
          note={!over ? 'so far' : open === 0 ? 'as it must be' : 'see below'}
        />
        <Figure name="Attempts" value={count(attempts)} note={over ? undefined : 'so far'} />
        <Figure name="Refused" value={count(refusals)} note={over ? undefined : 'so far'} />
        {over && (
          <Figure
            name="Tenants"
            value={count(report.tenants)}
            note={report.sampled ? 'pairs were sampled' : 'every pair was tried'}
          />
        )}
      </SimpleGrid>
      <KeyValue
        rows={[
          ['Asked for', <RelativeTime key="at" at={report.requested_at} />],
          ['By', <CopyId key="by" id={report.requested_by} label="who asked" />],
          ['Duration', <Duration key="took" ms={report.duration_ms} />],
          ['Seed', <CopyId key="seed" id={String(report.seed)} label="seed" />],
          ['Software', report.software || 'Told when it is over'],
          ['Report id', <CopyId key="id" id={report.id} label="report id" />],
        ]}
      />
    </Stack>
  );
}
