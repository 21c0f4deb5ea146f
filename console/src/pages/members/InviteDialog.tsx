// Invites somebody into the workspace. Where the server sends no mail, it tells the link here, once. Used by members and invitations.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import type { Role } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField } from '../../ui/form';
import { SecretDialog } from '../../ui/Secret';
import { said } from '../../ui/toast';
import { roleOptions, rolesToGive } from '../tenant-side/roles';
import { useMember } from '../tenant-side/useMember';
import { useInvite } from './api';

interface Values {
  email: string;
  role: Role;
  expires_in_hours: string;
}

const DAY = 24;
const LASTS: [string, string][] = [
  [String(DAY), '1 day'],
  [String(7 * DAY), '7 days'],
  [String(30 * DAY), '30 days'],
];

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const who = useMember();
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({
    defaultValues: { email: '', role: 'member', expires_in_hours: String(7 * DAY) },
  });
  const invite = useInvite(key);
  const send = async ({ email, role, expires_in_hours: hours }: Values) => {
    const made = await invite.mutateAsync({ email: email.trim(), role, expires_in_hours: Number(hours) });
    if (made.link) return;
    said(`An invitation is on its way to ${made.email}`);
    onClose();
  };
  if (invite.data?.link)
    return (
      <SecretDialog
        title={`${invite.data.email} is invited`}
        what="link"
        secret={invite.data.link}
        warning="This server sends no mail: pass the link on yourself. It is shown this once, opens once, and whoever has it can use it."
        onClose={onClose}
      />
    );
  return (
    <FormDialog
      form={form}
      title={`Invite into ${who.workspace}`}
      submit="Send invitation"
      send={send}
      onClose={onClose}
    >
      <TextField
        form={form}
        name="email"
        label="Email"
        type="email"
        autoComplete="off"
        help="An open invitation for the same address is replaced."
        rules={{ required: 'Enter their address.' }}
      />
      <SelectField form={form} name="role" label="Role" options={roleOptions(rolesToGive(who.role))} />
      <SelectField form={form} name="expires_in_hours" label="The link is good for" options={LASTS} />
    </FormDialog>
  );
}
