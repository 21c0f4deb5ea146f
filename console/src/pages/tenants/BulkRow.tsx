// One tenant of a bulk change: what became of it, with its run or what went wrong. Used by `BulkDialog`.
import { Box, Link as ChakraLink, HStack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { Tenant } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { StatusBadge } from '../../ui/StatusBadge';
import type { BulkDone } from './api';
import type { Outcome } from './bulk';

const STATUS = { waiting: 'pending', working: 'running', done: 'succeeded', failed: 'failed' } as const;
const WORD = { waiting: 'Waiting', working: 'At work', done: 'Done', failed: 'Failed' } as const;

interface Props {
  tenant: Tenant;
  outcome: Outcome<BulkDone> | undefined;
}

export function BulkRow({ tenant, outcome }: Props) {
  return (
    <Box as="li" py="1.5" borderBottomWidth="1px" _last={{ borderBottomWidth: 0 }} data-tenant={tenant.slug}>
      <HStack justify="space-between" gap="3" minH="6">
        <Text truncate>{tenant.name}</Text>
        <HStack gap="2" flexShrink="0">
          {outcome?.state === 'done' && outcome.value.run && (
            <ChakraLink asChild textStyle="xs">
              <Link to={`/runs/${outcome.value.run.id}` as string}>Open run</Link>
            </ChakraLink>
          )}
          {outcome && <StatusBadge status={STATUS[outcome.state]} label={WORD[outcome.state]} />}
        </HStack>
      </HStack>
      {outcome?.state === 'failed' && (
        <Box textStyle="xs" color="fg.muted" mt="1">
          <Text color="fg.error">{outcome.problem.detail}</Text>
          {outcome.problem.nextSteps.map((step) => (
            <Text key={step}>{step}</Text>
          ))}
          {outcome.problem.requestId && (
            <HStack gap="1">
              Request <CopyId id={outcome.problem.requestId} label="request id" short />
            </HStack>
          )}
        </Box>
      )}
    </Box>
  );
}
