// Columns of the runs table. Used by `RunsPage`.
import { Box, Link as ChakraLink, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { Run } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { StatusBadge } from '../../ui/StatusBadge';
import { Duration, RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import { failedStep, hasEnded, hasFailed, progress } from './state';
import { runTitle, STEPS } from './words';

const column = columnsOf<Run>();

export const runColumns = column.columns([
  column.accessor('tenant_slug', {
    meta: { label: 'Run', fixed: true },
    cell: ({ row: { original } }) => (
      <Box minW="0">
        <ChakraLink asChild fontWeight="medium" minH="6">
          <Link to="/runs/$run" params={{ run: original.id }}>
            {runTitle(original)}
          </Link>
        </ChakraLink>
        {hasFailed(original) && original.error && (
          <Text textStyle="xs" color="fg.muted" lineClamp={1} title={original.error}>
            {original.error}
          </Text>
        )}
      </Box>
    ),
  }),
  column.accessor('status', {
    meta: { label: 'Status' },
    cell: (cell) => <StatusBadge status={cell.getValue()} />,
  }),
  column.display({
    id: 'progress',
    meta: { label: 'Steps' },
    cell: ({ row: { original } }) => <Steps run={original} />,
  }),
  column.accessor('duration_ms', {
    meta: { label: 'Took', align: 'end' },
    cell: (cell) => <Duration ms={cell.getValue()} />,
  }),
  column.accessor('created_at', {
    meta: { label: 'Asked for' },
    cell: (cell) => <RelativeTime at={cell.getValue()} />,
  }),
  column.accessor('id', {
    meta: { label: 'Run id' },
    cell: (cell) => <CopyId id={cell.getValue()} label="run id" short />,
  }),
]);

function Steps({ run }: { run: Run }) {
  const { done, of, at } = progress(run);
  const failed = failedStep(run);
  if (failed) return <Text as="span">{STEPS[failed.name].title} failed</Text>;
  if (run.status === 'rolled_back') return <Text as="span">Taken back</Text>;
  return (
    <Text as="span" fontVariantNumeric="tabular-nums">
      {done} of {of}
      {!hasEnded(run) && at && (
        <Text as="span" color="fg.muted">
          , {STEPS[at.name].title.toLowerCase()}
        </Text>
      )}
    </Text>
  );
}
