// Whether the chain is as it was sealed, in the words of `GET /v1/audit-events/verify`, with its head to keep elsewhere. Used by `AuditPage`.
import { Box, Button, List, Popover, Portal, Stack, Text } from '@chakra-ui/react';
import { LoaderCircle, type LucideIcon, ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import type { Shape } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { count, counted, sentence } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { KeyValue } from '../../ui/KeyValue';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { RelativeTime } from '../../ui/Time';
import { AllChains } from './AllChains';
import { problemsOf, useChain } from './api';

type Chain = Shape<'AuditVerification'>;

interface Props {
  /** Names the chain; without it the caller's own. */
  tenant: string | undefined;
  /** What the chain is called, such as `Platform`. */
  name: string;
  /** Whether the caller may verify all of them. */
  all: boolean;
}

export function ChainBadge({ tenant, name, all }: Props) {
  const chain = useChain(tenant);
  const [word, icon, palette] = lookOf(name, chain.data, chain.isError);
  return (
    <Popover.Root lazyMount positioning={{ placement: 'bottom-end' }}>
      <Popover.Trigger asChild>
        <Button size="sm" variant="subtle" colorPalette={palette}>
          <Icon as={icon} {...(chain.isPending ? { animation: 'spin 2s linear infinite' } : {})} />
          {word}
        </Button>
      </Popover.Trigger>
      <Portal>
        <Popover.Positioner>
          <Popover.Content aria-label="Chain verification" maxW="md">
            <Popover.Body>
              <Stack gap="3">
                {chain.isError && <ProblemHelp compact error={chain.error} />}
                {chain.data && <Found chain={chain.data} at={chain.dataUpdatedAt} />}
                <Button
                  size="xs"
                  variant="outline"
                  alignSelf="start"
                  loading={chain.isFetching}
                  loadingText="Verifying"
                  onClick={() => void chain.refetch()}
                >
                  Verify again
                </Button>
                {all && <AllChains />}
              </Stack>
            </Popover.Body>
          </Popover.Content>
        </Popover.Positioner>
      </Portal>
    </Popover.Root>
  );
}

function lookOf(name: string, chain: Chain | undefined, isError: boolean): [string, LucideIcon, string] {
  if (isError) return [`${name} chain not verified`, ShieldQuestion, 'orange'];
  if (!chain) return [`Verifying ${name} chain`, LoaderCircle, 'gray'];
  if (chain.ok) return [`${name} chain verified, ${counted(chain.events, 'event')}`, ShieldCheck, 'green'];
  return [`${name} chain broken, ${counted(problemsOf(chain), 'problem')}`, ShieldAlert, 'red'];
}

function Found({ chain, at }: { chain: Chain; at: number }) {
  const name = chain.tenant ?? (chain.chain === 'platform' ? 'the platform' : chain.chain);
  return (
    <>
      <Text fontWeight="medium">
        {chain.ok
          ? `Every event in the chain of ${name} is as it was sealed.`
          : `The chain of ${name} is not as it was sealed.`}
      </Text>
      <KeyValue
        rows={[
          ['Looked at', counted(chain.events, 'event')],
          ['Head', `Event ${count(chain.head.seq)}`],
          ['Hash', <CopyId key="hash" id={chain.head.hash} label="hash" short />],
          ['Verified', <RelativeTime key="at" at={new Date(at).toISOString()} />],
        ]}
      />
      {chain.problems.length > 0 && (
        <Box maxH="60" overflowY="auto" tabIndex={0} role="region" aria-label="Problems">
          <List.Root ps="4" gap="1">
            {chain.problems.map((problem) => (
              <List.Item key={problem.kind + problem.seq} overflowWrap="anywhere">
                Event {problem.seq}, {sentence(problem.kind)}: {problem.detail}
              </List.Item>
            ))}
          </List.Root>
          {chain.more_problems > 0 && <Text>And {count(chain.more_problems)} more.</Text>}
        </Box>
      )}
      <Text color="fg.muted" textStyle="xs">
        Whoever can rewrite a whole chain can rewrite its head too. Keep the head elsewhere, and compare.
      </Text>
    </>
  );
}
