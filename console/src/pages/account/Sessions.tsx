// Where one is signed in: one signs out of this session, and ends others. Used by `AccountPage`.
import { Badge, Box, Button, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import type { Session } from '../../api/types';
import { signOut } from '../../session/session';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { counted } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { RelativeTime } from '../../ui/Time';
import { failed, said } from '../../ui/toast';
import { useEndOthers, useEndSessions, useSessions } from './api';
import { programOf } from './program';
import { Section } from './Section';

export function Sessions() {
  const sessions = useSessions();
  const items = sessions.data?.items;
  return (
    <Section
      title="Sessions"
      lead="Where you are signed in. End what you do not know, and change your password."
    >
      {sessions.isError ? (
        <ProblemHelp compact error={sessions.error} retry={() => void sessions.refetch()} />
      ) : items ? (
        <Stack gap="3">
          <Stack gap="0" role="list" aria-label="Sessions" borderWidth="1px" rounded="lg" bg="bg.panel">
            {[...items]
              .sort((a, b) => Number(b.current) - Number(a.current))
              .map((session) => (
                <Line key={session.id} session={session} />
              ))}
          </Stack>
          <EndOthers others={items.filter((session) => !session.current)} />
        </Stack>
      ) : (
        <Stack gap="3" aria-busy>
          <Skeleton h="12" />
          <Skeleton h="12" />
        </Stack>
      )}
    </Section>
  );
}

function Line({ session }: { session: Session }) {
  const end = useEndSessions();
  const program = programOf(session.user_agent);
  return (
    <HStack
      role="listitem"
      justify="space-between"
      gap="3"
      px="4"
      py="3"
      borderTopWidth="1px"
      _first={{ borderTopWidth: '0' }}
    >
      <Box minW="0">
        <HStack gap="2" wrap="wrap">
          <Text fontWeight="medium" {...(session.user_agent ? { title: session.user_agent } : {})}>
            {program}
          </Text>
          {session.current && (
            <Badge size="sm" colorPalette="green">
              This session
            </Badge>
          )}
        </HStack>
        <Text color="fg.muted" textStyle="xs">
          {session.address && `${session.address}, `}used <RelativeTime at={session.seen_at} />, signed in{' '}
          <RelativeTime at={session.created_at} />
        </Text>
      </Box>
      {session.current ? (
        <SignOut />
      ) : (
        <Button
          size="xs"
          variant="outline"
          aria-label={`End the session of ${program}`}
          loading={end.isPending}
          onClick={() =>
            end.mutate([session], {
              onSuccess: () => said(`The session of ${program} has ended`),
              onError: (thrown) => failed('Not ended', thrown),
            })
          }
        >
          End
        </Button>
      )}
    </HStack>
  );
}

/** Ending one's own session is a sign-out: it leads away. */
function SignOut() {
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setBusy(true);
    signOut().catch((thrown) => {
      setBusy(false);
      failed('Not signed out', thrown);
    });
  };
  return (
    <Button size="xs" variant="outline" loading={busy} onClick={leave}>
      Sign out
    </Button>
  );
}

function EndOthers({ others }: { others: Session[] }) {
  const [open, setOpen] = useState(false);
  const end = useEndOthers();
  if (others.length === 0) return null;
  return (
    <>
      <Button size="sm" variant="outline" alignSelf="flex-start" onClick={() => setOpen(true)}>
        End all others
      </Button>
      {open && (
        <ConfirmDialog
          title={`End ${counted(others.length, 'other session')}?`}
          action="End sessions"
          effects={['Their tokens are refused at once, on every server.', 'This session goes on.']}
          confirm={async () => {
            await end.mutateAsync();
            said('All other sessions have ended');
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
