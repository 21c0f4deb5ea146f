// The steps of a run, one below the other, with durations as bars. Shows undo as undo. Used by `RunPage`.
import { Box, Flex, HStack, Stack, Text } from '@chakra-ui/react';
import type { Run, Step } from '../../api/types';
import { StatusBadge } from '../../ui/StatusBadge';
import { Duration } from '../../ui/Time';
import { STEPS } from './words';

export function RunSteps({ run }: { run: Run }) {
  const longest = Math.max(1, ...run.steps.filter(counts).map((step) => step.duration_ms ?? 0));
  return (
    <Stack
      as="ol"
      gap="0"
      listStyleType="none"
      aria-label="Steps"
      borderWidth="1px"
      rounded="lg"
      bg="bg.panel"
    >
      {run.steps.map((step, index) => (
        <OneStep key={step.name} step={step} number={index + 1} share={share(step, longest)} />
      ))}
    </Stack>
  );
}

/** What was undone took until then: no measure of the work. */
const counts = (step: Step) => step.status !== 'undone';
const share = (step: Step, longest: number) =>
  counts(step) && step.duration_ms ? Math.max(1, (step.duration_ms / longest) * 100) : 0;

interface Props {
  step: Step;
  number: number;
  share: number;
}

function OneStep({ step, number, share }: Props) {
  const waits = step.status === 'pending';
  const undone = step.status === 'undone';
  return (
    <Flex
      as="li"
      data-step={step.name}
      px="4"
      py="3"
      gap="3"
      align="flex-start"
      _notLast={{ borderBottomWidth: '1px' }}
      bg={step.status === 'running' ? 'accent.subtle' : undefined}
    >
      <Text color="fg.muted" textStyle="xs" w="4" pt="0.5" fontVariantNumeric="tabular-nums">
        {number}
      </Text>
      <Box flex="1" minW="0">
        <HStack gap="2" wrap="wrap">
          <Text fontWeight="medium" color={waits ? 'fg.muted' : undefined}>
            {STEPS[step.name].title}
          </Text>
          <StatusBadge status={step.status} />
          {step.attempts > 1 && (
            <Text textStyle="xs" color="fg.muted">
              attempt {step.attempts}
            </Text>
          )}
        </HStack>
        <Text textStyle="xs" color="fg.muted" overflowWrap="anywhere" mt="0.5">
          {undone
            ? `Taken back: ${step.detail ?? STEPS[step.name].does}`
            : (step.detail ?? STEPS[step.name].does)}
        </Text>
        {step.error && (
          <Text textStyle="xs" color="fg.error" overflowWrap="anywhere" mt="1">
            {step.error}
          </Text>
        )}
      </Box>
      <Stack gap="1" align="flex-end" flexShrink="0" w={{ base: '20', sm: '36' }} pt="0.5">
        <Text textStyle="xs" color="fg.muted">
          {!waits && !undone && step.duration_ms != null && <Duration ms={step.duration_ms} />}
        </Text>
        {share > 0 && (
          <Box w="full" h="1" rounded="full" bg="bg.muted" aria-hidden>
            <Box
              h="full"
              rounded="full"
              ms="auto"
              bg={step.status === 'failed' ? 'fg.error' : 'accent.solid'}
              style={{ width: `${share}%` }}
            />
          </Box>
        )}
      </Stack>
    </Flex>
  );
}
