// Changes the role of a member. Used by `MembersPage`.
import { useForm } from 'react-hook-form';
import type { Member } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField } from '../../ui/form';
import { failed, said } from '../../ui/toast';
import { roleOptions, rolesToGive } from '../tenant-side/roles';
import { lookAgain, useMember } from '../tenant-side/useMember';
import { useChangeMember } from './api';

export function RoleDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const who = useMember();
  const form = useForm({ defaultValues: { role: member.role } });
  const change = useChangeMember();
  const name = member.name || member.email;
  const before = member.role;
  const own = member.user_id === who.id;
  const send = async ({ role }: Pick<Member, 'role'>) => {
    const changed = await change.mutateAsync({ member, role });
    onClose();
    // Who gave up a role of their own cannot take it back.
    if (own) {
      void lookAgain(who);
      return said(`You are ${role} now`);
    }
    said(`${name} is ${role} now`, undefined, {
      run: () =>
        void change
          .mutateAsync({ member: changed, role: before })
          .catch((thrown) => failed('Not undone', thrown)),
    });
  };
  return (
    <FormDialog
      form={form}
      title={own ? 'Your role' : `Role of ${name}`}
      submit="Change role"
      send={send}
      onClose={onClose}
    >
      <SelectField
        form={form}
        name="role"
        label="Role"
        options={roleOptions(rolesToGive(who.role))}
        help={
          own
            ? 'Takes effect at once. You cannot give yourself back what you give up.'
            : 'Takes effect at once, on every server. Invitations of theirs beyond the new role are void.'
        }
      />
    </FormDialog>
  );
}
