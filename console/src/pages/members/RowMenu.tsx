// What can be done with one member: change the role, remove. Used by the columns.
import { Text } from '@chakra-ui/react';
import { useState } from 'react';
import type { Member } from '../../api/types';
import { may } from '../../session/who';
import { ActionMenu } from '../../ui/ActionMenu';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { rolesToGive } from '../tenant-side/roles';
import { useMember } from '../tenant-side/useMember';
import { useRemoveMember } from './api';
import { RoleDialog } from './RoleDialog';

export function RowMenu({ member }: { member: Member }) {
  const who = useMember();
  const [open, setOpen] = useState<'role' | 'remove' | null>(null);
  const remove = useRemoveMember();
  const name = member.name || member.email;
  if (!may(who, 'WriteMembers')) return null;
  if (!rolesToGive(who.role).includes(member.role))
    return (
      <Text textStyle="xs" color="fg.muted">
        {member.role} is above your role
      </Text>
    );
  const own = member.user_id === who.id;
  return (
    <>
      <ActionMenu
        of={name}
        choices={[
          { value: 'role', label: 'Change role' },
          // Who wants to go leaves: the button stands above.
          ...(own ? [] : [{ value: 'remove' as const, label: 'Remove', danger: true }]),
        ]}
        onChoose={setOpen}
      />
      {open === 'role' && <RoleDialog member={member} onClose={() => setOpen(null)} />}
      {open === 'remove' && (
        <ConfirmDialog
          title={`Remove ${name}?`}
          action="Remove member"
          effects={[
            `They are refused in ${who.workspace} at once, on every server.`,
            'What they had invited ends with them.',
            'API keys that they made go on: revoke what should end.',
            'They come back only by a new invitation.',
          ]}
          confirm={async () => {
            await remove.mutateAsync(member);
            said(`${name} is no member any more`);
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
