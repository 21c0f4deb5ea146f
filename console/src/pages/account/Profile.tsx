// Who one is: name, address and whether it is proven. Used by `AccountPage`.
import { Button, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import type { ReactNode } from 'react';
import { CopyId } from '../../ui/Copy';
import { KeyValue } from '../../ui/KeyValue';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { failed, said } from '../../ui/toast';
import { useAskForProof, useMe } from './api';
import { Section } from './Section';

export function Profile() {
  const me = useMe();
  return (
    <Section title="Profile" lead="One account, whatever tenants you are in.">
      {me.isError ? (
        <ProblemHelp compact error={me.error} retry={() => void me.refetch()} />
      ) : me.data ? (
        <KeyValue rows={rows(me.data)} />
      ) : (
        <Stack gap="3" aria-busy>
          {[0, 1, 2].map((line) => (
            <Skeleton key={line} h="4" maxW="72" />
          ))}
        </Stack>
      )}
    </Section>
  );
}

type MeData = NonNullable<ReturnType<typeof useMe>['data']>;

function rows(me: MeData): [string, ReactNode][] {
  if (me.kind !== 'user' && me.kind !== 'member')
    return [
      ['Email', me.kind === 'operator' ? (me.email ?? '–') : '–'],
      ['Role', me.kind === 'operator' ? `Operator, ${me.role ?? 'admin'}` : '–'],
      ...(me.id
        ? ([['User id', <CopyId key="id" id={me.id} label="user id" />]] as [string, ReactNode][])
        : []),
    ];
  return [
    ['Name', me.name],
    ['Email', <Email key="email" email={me.email} proven={me.email_verified} />],
    ['User id', <CopyId key="id" id={me.id} label="user id" />],
  ];
}

function Email({ email, proven }: { email: string; proven: boolean }) {
  const ask = useAskForProof();
  const send = () =>
    ask.mutate(undefined, {
      onSuccess: () => said('A link is on its way', `Open the mail to ${email} within a day.`),
      onError: (thrown) => failed('No link was sent', thrown),
    });
  return (
    <HStack gap="2" wrap="wrap">
      <Text overflowWrap="anywhere">{email}</Text>
      {proven ? (
        <StatusBadge status="ok" label="Proven" />
      ) : (
        <>
          <StatusBadge status="pending" label="Not proven yet" />
          <Button size="xs" variant="outline" loading={ask.isPending} onClick={send}>
            Send a link
          </Button>
        </>
      )}
    </HStack>
  );
}
