// The first API key and the owner's invitation of a new tenant: shown once, to copy, with what it means to lose them. Used by `RunPage`.
import { Alert, Box, Button, Code, Flex, HStack, Stack, Text } from '@chakra-ui/react';
import { Eye, KeyRound } from 'lucide-react';
import type { Run } from '../../api/types';
import { CopyButton } from '../../ui/Copy';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { RelativeTime } from '../../ui/Time';
import { type Made, useMade } from './made';

export function Secrets({ run }: { run: Run }) {
  const made = useMade(run.id);
  if (made.isError) return <ProblemHelp error={made.error} retry={() => void made.refetch()} />;
  if (made.data?.api_key) return <Shown made={made.data} run={run} putAway={made.putAway} />;
  if (!made.canAsk || made.data === null) return null;
  return (
    <Flex
      borderWidth="1px"
      rounded="lg"
      p="3"
      ps="4"
      gap="3"
      align="center"
      justify="space-between"
      wrap="wrap"
    >
      <Text color="fg.muted" flex="1 1 16rem">
        This tab made the tenant. Its first API key and invitation can be shown until you put them away.
      </Text>
      <Button size="xs" variant="outline" loading={made.isFetching} onClick={() => void made.refetch()}>
        <Icon as={Eye} boxSize="3.5" /> Show key and invitation
      </Button>
    </Flex>
  );
}

function Shown({ made, run, putAway }: { made: Made; run: Run; putAway: () => void }) {
  const invitation = made.owner_invitation;
  return (
    <Box
      as="section"
      aria-label="First access"
      borderWidth="1px"
      rounded="lg"
      bg="bg.panel"
      overflow="hidden"
    >
      <HStack px="4" py="3" borderBottomWidth="1px" gap="2">
        <Icon as={KeyRound} />
        <Text fontWeight="medium">First access</Text>
      </HStack>
      <Stack gap="4" p="4">
        <Alert.Root status="warning" size="sm" variant="surface">
          <Alert.Indicator />
          <Alert.Description>
            Shown this once: only their hashes are stored. Copy them before you put them away. {whenGood(run)}
          </Alert.Description>
        </Alert.Root>
        {made.api_key && (
          <Secret label="API key" help="An admin's, for the first workspace." text={made.api_key} />
        )}
        {invitation && (
          <Secret
            label="Invitation link"
            help={
              <>
                Makes {invitation.email} the owner. Expires <RelativeTime at={invitation.expires_at} />.
              </>
            }
            text={invitation.url}
          />
        )}
        <Box>
          <Button size="sm" variant="outline" onClick={putAway}>
            I have stored them, put them away
          </Button>
        </Box>
      </Stack>
    </Box>
  );
}

function whenGood(run: Run): string {
  if (run.status === 'succeeded') return '';
  if (run.status === 'rolled_back') return 'They open nothing now; they will if a retry succeeds.';
  return 'They are good as soon as the run has succeeded.';
}

function Secret({ label, help, text }: { label: string; help: React.ReactNode; text: string }) {
  return (
    <Box>
      <HStack gap="2" mb="1" wrap="wrap" rowGap="0">
        <Text fontWeight="medium">{label}</Text>
        <Text textStyle="xs" color="fg.muted" as="div">
          {help}
        </Text>
      </HStack>
      <Flex gap="2" align="center" borderWidth="1px" rounded="md" p="1" ps="3" bg="bg.subtle">
        <Code
          flex="1"
          minW="0"
          bg="transparent"
          p="0"
          size="xs"
          wordBreak="break-all"
          aria-label={label}
          data-secret=""
        >
          {text}
        </Code>
        <CopyButton text={text} label={`Copy ${label === 'API key' ? 'key' : 'link'}`} variant="ghost" />
      </Flex>
    </Box>
  );
}
