// The first API key and the owner's invitation of a new tenant: shown once, to copy, with what it means to lose them. Used by `RunPage`.
import { Box, Button, Flex, HStack, Stack, Text } from '@chakra-ui/react';
import { Eye, KeyRound } from 'lucide-react';
import type { Run } from '../../api/types';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { Secret, SecretWarning } from '../../ui/Secret';
import { RelativeTime } from '../../ui/Time';
import { type Made, useMade } from './made';

export function FirstAccess({ run }: { run: Run }) {
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
        <SecretWarning>
          Shown this once: only their hashes are stored. Copy them before you put them away. {whenGood(run)}
        </SecretWarning>
        {made.api_key && (
          <Part label="API key" help="An admin's, for the first workspace.">
            <Secret what="key" text={made.api_key} />
          </Part>
        )}
        {invitation && (
          <Part
            label="Invitation link"
            help={
              <>
                Makes {invitation.email} the owner. Expires <RelativeTime at={invitation.expires_at} />.
              </>
            }
          >
            <Secret what="link" text={invitation.url} />
          </Part>
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

function Part({
  label,
  help,
  children,
}: {
  label: string;
  help: React.ReactNode;
  children: React.ReactNode;
}) {
  return (
    <Box>
      <HStack gap="2" mb="1" wrap="wrap" rowGap="0">
        <Text fontWeight="medium">{label}</Text>
        <Text textStyle="xs" color="fg.muted" as="div">
          {help}
        </Text>
      </HStack>
      {children}
    </Box>
  );
}
