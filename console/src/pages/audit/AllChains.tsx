// Verifies every chain and tells what came of it: how many are whole, which are not. Used by `ChainBadge`.
import { Button, List, Stack, Text } from '@chakra-ui/react';
import type { Shape } from '../../api/types';
import { counted } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { problemsOf, useAllChains } from './api';

export function AllChains() {
  const verify = useAllChains();
  return (
    <Stack gap="2" borderTopWidth="1px" pt="3">
      {verify.isError && <ProblemHelp compact error={verify.error} />}
      {verify.data && <Told chains={verify.data} />}
      <Button
        size="xs"
        variant="outline"
        alignSelf="start"
        loading={verify.isPending}
        loadingText="Verifying all chains"
        onClick={() => verify.mutate()}
      >
        Verify all chains
      </Button>
    </Stack>
  );
}

function Told({ chains }: { chains: Shape<'AuditVerification'>[] }) {
  const broken = chains.filter((chain) => !chain.ok);
  const events = chains.reduce((sum, chain) => sum + chain.events, 0);
  return (
    <>
      <Text role="status">
        {broken.length === 0
          ? `${counted(chains.length, 'chain')} with ${counted(events, 'event')}: all are as they were sealed.`
          : `${broken.length} of ${counted(chains.length, 'chain')} are not as they were sealed.`}
      </Text>
      {broken.length > 0 && (
        <List.Root ps="4">
          {broken.map((chain) => (
            <List.Item key={chain.chain} overflowWrap="anywhere">
              {chain.tenant ?? chain.chain}: {counted(problemsOf(chain), 'problem')}
            </List.Item>
          ))}
        </List.Root>
      )}
    </>
  );
}
