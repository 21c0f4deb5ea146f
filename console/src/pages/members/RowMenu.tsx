// What can be done with one member, or why nothing; the page asks. Used by the columns.
import { Text } from '@chakra-ui/react';
import type { Member } from '../../api/types';
import { may } from '../../session/who';
import { ActionMenu } from '../../ui/ActionMenu';
import type { Ask } from '../../ui/table/useAsked';
import { rolesToGive } from '../tenant-side/roles';
import { useMember } from '../tenant-side/useMember';

export type MemberDeed = 'role' | 'remove';

export function RowMenu({ member, onAsk }: { member: Member; onAsk: Ask<MemberDeed, Member> }) {
  const who = useMember();
  if (!may(who, 'WriteMembers')) return null;
  if (!rolesToGive(who.role).includes(member.role))
    return (
      <Text textStyle="xs" color="fg.muted">
        {member.role} is above your role
      </Text>
    );
  const own = member.user_id === who.id;
  return (
    <ActionMenu
      of={member.name || member.email}
      choices={[
        { value: 'role', label: 'Change role' },
        // Who wants to go leaves: the button stands above.
        ...(own ? [] : [{ value: 'remove' as const, label: 'Remove', danger: true }]),
      ]}
      onChoose={(does: MemberDeed) => onAsk(does, member)}
    />
  );
}
