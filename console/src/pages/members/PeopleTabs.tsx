// Members and invitations are two lists of one matter: links from one to the other. Used by both pages.
import { HStack } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { may } from '../../session/who';
import { useMember } from '../tenant-side/useMember';

export function PeopleTabs({ at }: { at: 'members' | 'invitations' }) {
  const who = useMember();
  if (!may(who, 'ReadInvitations')) return null;
  const params = { tenant: who.tenant };
  return (
    <HStack as="nav" aria-label="People" gap="1" mb="4" borderBottomWidth="1px">
      <Tab to="/t/$tenant/members" params={params} label="Members" here={at === 'members'} />
      <Tab
        to="/t/$tenant/members/invitations"
        params={params}
        label="Invitations"
        here={at === 'invitations'}
      />
    </HStack>
  );
}

interface TabProps {
  to: '/t/$tenant/members' | '/t/$tenant/members/invitations';
  params: { tenant: string };
  label: string;
  here: boolean;
}

function Tab({ to, params, label, here }: TabProps) {
  return (
    <HStack
      asChild
      px="3"
      h="9"
      mb="-1px"
      borderBottomWidth="2px"
      borderColor={here ? 'accent.solid' : 'transparent'}
      color={here ? 'fg' : 'fg.muted'}
      fontWeight="medium"
      _hover={{ color: 'fg' }}
    >
      <Link to={to} params={params} aria-current={here ? 'page' : undefined}>
        {label}
      </Link>
    </HStack>
  );
}
