// A problem as help: what happened, why, what to do next, the request's id to copy, and another try. Used by pages, tables and forms.
import { Alert, Box, Button, HStack, List, Stack, Text } from '@chakra-ui/react';
import { RotateCw } from 'lucide-react';
import { asProblem } from '../api/problem';
import { CopyId } from './Copy';
import { Icon } from './Icon';

interface Props {
  error: unknown;
  retry?: (() => void) | undefined;
  /** In a form or a dialog, where space is short. */
  compact?: boolean;
}

export function ProblemHelp({ error, retry, compact = false }: Props) {
  const problem = asProblem(error);
  return (
    <Alert.Root status="error" variant="surface" size={compact ? 'sm' : 'md'} role="alert">
      <Alert.Indicator />
      <Alert.Content minW="0">
        <Alert.Title>{problem.title}</Alert.Title>
        <Alert.Description asChild>
          <Stack gap="2">
            {problem.detail && <Text overflowWrap="anywhere">{problem.detail}</Text>}
            {problem.errors.length > 0 && (
              <List.Root ps="4">
                {problem.errors.map((field) => (
                  <List.Item key={field.pointer + field.code}>
                    {field.pointer.replace(/^\//, '').replaceAll('/', ' › ')}: {field.detail}
                  </List.Item>
                ))}
              </List.Root>
            )}
            {problem.retryAfter !== undefined && (
              <Text>Wait {problem.retryAfter} s before the next attempt.</Text>
            )}
            <NextSteps steps={problem.nextSteps} />
            <HStack gap="3" wrap="wrap">
              {retry && (
                <Button size="xs" variant="outline" onClick={retry}>
                  <Icon as={RotateCw} boxSize="3.5" /> Try again
                </Button>
              )}
              {problem.requestId && (
                <HStack gap="1.5" textStyle="xs" minW="0" maxW="full">
                  <Text>Request</Text>
                  <CopyId id={problem.requestId} label="request id" />
                </HStack>
              )}
            </HStack>
          </Stack>
        </Alert.Description>
      </Alert.Content>
    </Alert.Root>
  );
}

function NextSteps({ steps }: { steps: string[] }) {
  if (steps.length === 0) return null;
  return (
    <Box>
      <Text fontWeight="medium">What you can do</Text>
      <List.Root ps="4">
        {steps.map((step) => (
          <List.Item key={step} overflowWrap="anywhere">
            {step}
          </List.Item>
        ))}
      </List.Root>
    </Box>
  );
}
