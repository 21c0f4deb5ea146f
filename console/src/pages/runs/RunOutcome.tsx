// What became of a run, in words: how far it is, what it made, or what failed, what was undone and what to do. Used by `RunPage`.
import {
  Alert,
  Box,
  Button,
  Link as ChakraLink,
  Code,
  HStack,
  List,
  Progress,
  Stack,
  Text,
} from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Run } from '../../api/types';
import { CopyButton } from '../../ui/Copy';
import { duration } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { elapsed, failedStep, madeTenant, progress, undoneSteps } from './state';
import { STEPS } from './words';

export function RunOutcome({ run, now }: { run: Run; now: number }) {
  if (run.status === 'succeeded') return <Succeeded run={run} />;
  if (run.status === 'rolled_back') return <RolledBack run={run} />;
  if (run.status === 'needs_attention') return <NeedsAttention run={run} />;
  return <AtWork run={run} now={now} />;
}

/** A worker that is there takes a run at once. */
const LONG = 10_000;

function AtWork({ run, now }: { run: Run; now: number }) {
  const { done, of, at } = progress(run);
  const back = run.status === 'rolling_back';
  const waits = run.status === 'pending' && elapsed(run, now) > LONG;
  return (
    <Box borderWidth="1px" rounded="lg" p="4" bg="bg.panel">
      <HStack justify="space-between" mb="2" gap="3" wrap="wrap">
        <Text fontWeight="medium">
          {back ? 'Taking back what was done' : at ? `${STEPS[at.name].title} …` : 'Finishing …'}
        </Text>
        <Text textStyle="xs" color="fg.muted" fontVariantNumeric="tabular-nums">
          {back ? `${undoneSteps(run).length} undone` : `${done} of ${of} steps`},{' '}
          {duration(elapsed(run, now))}
        </Text>
      </HStack>
      <Progress.Root value={back ? null : (done / of) * 100} size="xs">
        <Progress.Track aria-label="Progress of the run">
          <Progress.Range />
        </Progress.Track>
      </Progress.Root>
      <Text textStyle="xs" color="fg.muted" mt="2">
        {waits ? (
          <>
            It waits for a worker. See that <Code size="xs">tenantry worker</Code> runs.
          </>
        ) : (
          'It goes on without this page. Come back to it under the same address.'
        )}
      </Text>
    </Box>
  );
}

function Frame({
  status,
  title,
  children,
}: {
  status: 'success' | 'warning' | 'error';
  title: string;
  children: ReactNode;
}) {
  return (
    <Alert.Root status={status} variant="surface">
      <Alert.Indicator />
      <Alert.Content minW="0">
        <Alert.Title>{title}</Alert.Title>
        <Alert.Description asChild>
          <Stack gap="2">{children}</Stack>
        </Alert.Description>
      </Alert.Content>
    </Alert.Root>
  );
}

function Succeeded({ run }: { run: Run }) {
  const made = madeTenant(run);
  const tenant: string = `/tenants/${run.tenant_slug}`;
  const url = typeof run.result?.console_url === 'string' ? run.result.console_url : undefined;
  const took = duration(run.duration_ms ?? 0);
  return (
    <Frame status="success" title={made ? `${run.tenant_slug} is active` : 'Done'}>
      <Text>
        {made
          ? `It serves requests, ${took} after it was asked for.`
          : `It took ${took} from the wish to the end.`}
      </Text>
      {run.kind !== 'purge' && (
        <HStack gap="2" wrap="wrap">
          <Button asChild size="xs" colorPalette="accent" maxW="full">
            <Link to={tenant}>
              <Text as="span" truncate>
                Open {run.tenant_slug}
              </Text>
              <Icon as={ArrowRight} boxSize="3.5" />
            </Link>
          </Button>
          {made && url && <CopyButton text={url} label="Copy the address of its console" />}
        </HStack>
      )}
    </Frame>
  );
}

function Undone({ run }: { run: Run }) {
  const undone = undoneSteps(run);
  if (undone.length === 0) return null;
  return (
    <Box>
      <Text fontWeight="medium">What was undone</Text>
      <Text>{undone.map((step) => STEPS[step.name].title).join(', ')}, in this order.</Text>
    </Box>
  );
}

function RolledBack({ run }: { run: Run }) {
  const failed = failedStep(run);
  return (
    <Frame
      status={failed ? 'error' : 'warning'}
      title={
        failed ? `${STEPS[failed.name].title} failed, and everything was undone` : 'This run was taken back'
      }
    >
      {run.error && <Text overflowWrap="anywhere">{run.error}</Text>}
      <Undone run={run} />
      <Box>
        <Text fontWeight="medium">What you can do</Text>
        <List.Root ps="4">
          {failed && <List.Item>Mend what made it fail. The server's log has more of it.</List.Item>}
          <List.Item>Retry it: it begins again with its first step{reuses(run)}.</List.Item>
          {run.kind === 'create' && (
            <List.Item>
              Or <AnotherTenant /> with other input: the slug is free again.
            </List.Item>
          )}
        </List.Root>
      </Box>
    </Frame>
  );
}

const reuses = (run: Run) => (run.kind === 'create' ? ', and keeps its API key and invitation' : '');

function AnotherTenant() {
  return (
    <ChakraLink asChild variant="underline">
      <Link to="/tenants/new">make a tenant anew</Link>
    </ChakraLink>
  );
}

function NeedsAttention({ run }: { run: Run }) {
  return (
    <Frame status="error" title="This run needs a person">
      <Text>A step failed, and so did undoing what came before it. Something may be left.</Text>
      {run.error && <Text overflowWrap="anywhere">{run.error}</Text>}
      <Undone run={run} />
      <Box>
        <Text fontWeight="medium">What you can do</Text>
        <List.Root ps="4">
          <List.Item>Mend the cause that the error names.</List.Item>
          <List.Item>Then roll back: the undo goes on where it stopped, and may be repeated.</List.Item>
        </List.Root>
      </Box>
    </Frame>
  );
}
