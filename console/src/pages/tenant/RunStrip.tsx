// The run that is at work on a tenant, or that needs somebody: its steps so far and the way to it. Used by `TenantPage`.
import { Alert, Link as ChakraLink, HStack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { Run } from '../../api/types';
import { sentence, words } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { isOver } from './api';

/** An ended run stays in sight for so long. */
const RECENT = 60_000;

interface Props {
  run: Run;
  /** The run is over: what it changed is read again. */
  onEnd: () => void;
}

export function RunStrip({ run, onEnd }: Props) {
  const over = isOver(run);
  useEffect(() => {
    if (over) onEnd();
  }, [over, onEnd]);
  const recent = run.finished_at && Date.now() - Date.parse(run.finished_at) < RECENT;
  if (over && run.status !== 'needs_attention' && !recent) return null;
  const done = run.steps.filter((step) => step.status === 'succeeded' || step.status === 'skipped').length;
  const tone = run.status === 'needs_attention' ? 'error' : run.status === 'rolled_back' ? 'warning' : 'info';
  return (
    <Alert.Root status={over && run.status === 'succeeded' ? 'neutral' : tone} size="sm" mb="4">
      <Alert.Content>
        <HStack justify="space-between" gap="3" wrap="wrap">
          <HStack gap="3" wrap="wrap" role="status">
            <Text fontWeight="medium">{sentence(words(run.kind))}</Text>
            <StatusBadge status={run.status} />
            <Text textStyle="xs">
              {over ? <RelativeTime at={run.finished_at} /> : `${done} of ${run.steps.length} steps done`}
            </Text>
          </HStack>
          <ChakraLink asChild variant="underline">
            <Link to={`/runs/${run.id}` as string}>Open run</Link>
          </ChakraLink>
        </HStack>
        {run.error && <Alert.Description mt="1">{run.error}</Alert.Description>}
      </Alert.Content>
    </Alert.Root>
  );
}
