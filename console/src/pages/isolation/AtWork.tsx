// A proof at work: how far it is, in numbers and as a bar that only grows. Used by `ReportPage`.
import { Box, HStack, Progress, Text } from '@chakra-ui/react';
import type { IsolationReport } from '../../api/types';
import { count, counted } from '../../ui/format';

export type Proof = NonNullable<IsolationReport['progress']>;

const DOES: Record<Proof['layer'], string> = {
  catalogue: 'Reading the catalogue',
  live: 'Attempting statements, each undone',
  http: 'Asking the API',
};

/** Per cent, whole: a bar that trembles says no more. */
export function share({ done, of }: Pick<Proof, 'done' | 'of'>): number {
  return of === 0 ? 0 : Math.min(100, Math.floor((done / of) * 100));
}

export function inNumbers({ checks, attempts, refusals, open }: Proof): string {
  const tried = attempts > 0 && `${count(refusals)} of ${counted(attempts, 'attempt')} refused`;
  return [counted(checks, 'check'), tried, `${count(open)} open`].filter(Boolean).join(', ');
}

export function AtWork({ report }: { report: IsolationReport }) {
  const { progress } = report;
  const told =
    report.status === 'pending'
      ? 'Waiting for a worker to take it'
      : progress
        ? DOES[progress.layer]
        : 'A worker has taken it';
  return (
    <Box borderWidth="1px" rounded="lg" p="4" bg="bg.panel">
      <HStack justify="space-between" mb="2" gap="3" wrap="wrap">
        {/* Read out when it changes, which is three times; the numbers are not. */}
        <Text role="status" fontWeight="medium">
          {told} …
        </Text>
        {progress && (
          <Text textStyle="xs" color="fg.muted" fontVariantNumeric="tabular-nums">
            {inNumbers(progress)}
          </Text>
        )}
      </HStack>
      <Progress.Root value={progress ? share(progress) : null} size="xs">
        <Progress.Track aria-label="Progress of the proof">
          <Progress.Range />
        </Progress.Track>
      </Progress.Root>
    </Box>
  );
}
