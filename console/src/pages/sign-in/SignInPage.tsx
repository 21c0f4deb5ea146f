// Sign in: people with address and password, operators also with the operator token. Calls: `session.ts`.
import { Box, Flex, Heading, Stack, Text } from '@chakra-ui/react';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Brand } from '../../app/shell/Brand';
import { ColorModeMenu } from '../../app/shell/menus';
import { type SessionState, useSession } from '../../session/session';
import { homeOf } from '../../session/who';
import { useArrival } from '../../ui/useArrival';
import { PasswordForm } from './PasswordForm';
import { TokenForm } from './TokenForm';

const route = getRouteApi('/sign-in');

/** For who was signed in until now. */
const LEADS = {
  ended: 'Your session has ended. Sign in to go on where you were.',
  left: 'You are signed out.',
  erased: 'Your account is erased, and you are signed out.',
};

export function SignInPage() {
  const { to } = route.useSearch();
  const navigate = useNavigate();
  const session = useSession();
  const [way, setWay] = useState<'password' | 'token'>('password');
  useArrival();
  useEffect(() => {
    document.title = 'Sign in · Tenantry';
  }, []);
  const enter = (now: SessionState) => {
    if (now.status === 'in') void navigate({ href: to ?? homeOf(now.who), replace: true });
  };
  const why = session.status === 'out' ? session.why : undefined;
  return (
    <Flex minH="100dvh" direction="column" bg="bg.subtle">
      <Flex justify="flex-end" p="3">
        <ColorModeMenu />
      </Flex>
      <Flex as="main" flex="1" align={{ base: 'flex-start', sm: 'center' }} justify="center" px="4" pb="16">
        <Stack gap="6" w="full" maxW="sm">
          <Stack gap="5" align="center">
            <Brand large />
            <Stack gap="1" align="center">
              <Heading as="h1" size="lg" fontWeight="semibold">
                Sign in
              </Heading>
              <Text color="fg.muted" textAlign="center">
                {why ? LEADS[why] : 'To your tenant, or to the platform as an operator.'}
              </Text>
            </Stack>
          </Stack>
          <Box borderWidth="1px" rounded="xl" bg="bg.panel" p={{ base: '5', sm: '6' }} shadow="xs">
            {way === 'password' ? (
              <PasswordForm onIn={enter} onToken={() => setWay('token')} />
            ) : (
              <TokenForm onIn={enter} onPassword={() => setWay('password')} />
            )}
          </Box>
        </Stack>
      </Flex>
    </Flex>
  );
}
