// A run: how far it is, live; its steps as timeline, compact or JSON; retry and rollback. Reads `GET /v1/provisioning-runs/{id}`.
import { Box, Button, Flex, HStack, Skeleton, Stack, Text, VisuallyHidden } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { RotateCw, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { idempotencyKey } from '../../api/client';
import type { Run } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { CodeBlock, CopyId } from '../../ui/Copy';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { Tabs } from '../../ui/Tabs';
import { Duration, RelativeTime } from '../../ui/Time';
import { failed as saidFailed } from '../../ui/toast';
import { useRetry, useRun } from './api';
import { FirstAccess } from './FirstAccess';
import { RollbackDialog } from './RollbackDialog';
import { RunCompact } from './RunCompact';
import { RunOutcome } from './RunOutcome';
import { RunSteps } from './RunSteps';
import { elapsed, hasEnded, mayRetry, mayRollBack, progress } from './state';
import { useNow } from './useNow';
import { runTitle, STEPS } from './words';

const route = getRouteApi('/shell/operator/runs/$run');

export function RunPage() {
  const { run: id } = route.useParams();
  const run = useRun(id);
  if (run.data) return <Shown run={run.data} />;
  return (
    <Page title="Run" documentTitle={`Run ${id}`}>
      {run.isError ? (
        <ProblemHelp error={run.error} retry={() => void run.refetch()} />
      ) : (
        <Stack gap="3" aria-busy>
          <Skeleton h="24" />
          <Skeleton h="80" />
        </Stack>
      )}
    </Page>
  );
}

function Shown({ run }: { run: Run }) {
  const now = useNow(!hasEnded(run));
  return (
    <Page
      title={runTitle(run)}
      documentTitle={`${runTitle(run)}, run`}
      badge={<StatusBadge status={run.status} />}
      actions={<Actions run={run} now={now} />}
    >
      <Stack gap="4">
        <Facts run={run} now={now} />
        <RunOutcome run={run} now={now} />
        <FirstAccess run={run} />
        <Tabs
          label="Views of the run"
          tabs={[
            { value: 'timeline', label: 'Timeline', content: <RunSteps run={run} /> },
            { value: 'compact', label: 'Compact', content: <RunCompact run={run} /> },
            {
              value: 'json',
              label: 'JSON',
              content: <CodeBlock code={JSON.stringify(run, null, 2)} label="The run as the API tells it" />,
            },
          ]}
        />
      </Stack>
      <Announced run={run} />
    </Page>
  );
}

function Facts({ run, now }: { run: Run; now: number }) {
  const facts: [string, React.ReactNode][] = [
    ['Asked for', <RelativeTime key="asked" at={run.created_at} />],
    ['Took', <Duration key="took" ms={elapsed(run, now)} />],
    ['Run id', <CopyId key="run" id={run.id} label="run id" short />],
    ['Tenant id', <CopyId key="tenant" id={run.tenant_id} label="tenant id" short />],
  ];
  return (
    <Flex as="dl" columnGap="8" rowGap="2" wrap="wrap" mt="-2">
      {facts.map(([name, value]) => (
        <Box key={name}>
          <Text as="dt" textStyle="xs" color="fg.muted">
            {name}
          </Text>
          <Box as="dd">{value}</Box>
        </Box>
      ))}
    </Flex>
  );
}

function Actions({ run, now }: { run: Run; now: number }) {
  const who = useWho();
  const [asking, setAsking] = useState(false);
  const retry = useRetry(run.id);
  const tryAgain = () =>
    retry.mutate(idempotencyKey(), { onError: (thrown) => saidFailed('Not tried again', thrown) });
  return (
    <HStack gap="2">
      {mayRetry(run) && may(who, 'SuspendTenant') && (
        <Button size="sm" loading={retry.isPending} loadingText="Retry" onClick={tryAgain}>
          <Icon as={RotateCw} /> Retry
        </Button>
      )}
      {mayRollBack(run, now) && may(who, 'ChangeTenant') && (
        <Button size="sm" variant="outline" onClick={() => setAsking(true)}>
          <Icon as={Undo2} /> Roll back
        </Button>
      )}
      {asking && <RollbackDialog run={run} onClose={() => setAsking(false)} />}
    </HStack>
  );
}

/** For readers: each step as it comes, and the end. */
function Announced({ run }: { run: Run }) {
  const { done, of, at } = progress(run);
  const ended = hasEnded(run);
  return (
    <VisuallyHidden aria-live="polite" role="status">
      {ended
        ? `The run has ended: ${run.status.replaceAll('_', ' ')}.`
        : `${done} of ${of} steps done${at ? `, now ${STEPS[at.name].title}` : ''}.`}
    </VisuallyHidden>
  );
}
