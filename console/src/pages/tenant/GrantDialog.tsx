// Lets the operator into a tenant's workspace for a reason and a while (docs/guides/operators.md). Used by `TenantActions`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { useWho } from '../../session/session';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextareaField } from '../../ui/form';
import { KeyValue } from '../../ui/KeyValue';
import { SecretDialog } from '../../ui/Secret';
import { RelativeTime } from '../../ui/Time';
import { useOpenGrant } from './api';
import { WorkspaceField, workspaceOf } from './WorkspaceField';

interface Values {
  reason: string;
  minutes: string;
  role: string;
  workspace: string;
}

const LENGTHS: [string, string][] = [
  ['15', '15 minutes'],
  ['60', '1 hour'],
  ['120', '2 hours'],
  ['240', '4 hours'],
];
const ROLES: [string, string][] = [
  ['viewer', 'Viewer: reads'],
  ['member', 'Member: also works with agents'],
  ['admin', 'Admin: also reads members, keys and invitations'],
];

export function GrantDialog({ slug, onClose }: { slug: string; onClose: () => void }) {
  const who = useWho();
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({
    defaultValues: { reason: '', minutes: '60', role: 'viewer', workspace: '' },
  });
  const open = useOpenGrant(slug, key);
  if (open.data) {
    return (
      <SecretDialog
        title={`You may enter ${slug}`}
        what="token"
        secret={open.data.token}
        warning="Shown this once: only its hash is kept. Whoever has it is let in as you, until it ends."
        onClose={onClose}
      >
        <KeyValue
          rows={[
            ['Role', open.data.role],
            ['Ends', <RelativeTime key="ends" at={open.data.expires_at} />],
            ['Use', 'Authorization: Bearer, with the token'],
          ]}
        />
      </SecretDialog>
    );
  }
  const send = (values: Values) =>
    open.mutateAsync({
      reason: values.reason.trim(),
      minutes: Number(values.minutes),
      role: values.role,
      ...workspaceOf(values),
    });
  // Support is let in as viewer only.
  const roles = who.kind === 'operator' && who.role === 'admin' ? ROLES : ROLES.slice(0, 1);
  return (
    <FormDialog
      form={form}
      title={`Access to ${slug}`}
      submit="Open access grant"
      send={send}
      onClose={onClose}
    >
      <TextareaField
        form={form}
        name="reason"
        label="Reason"
        maxLength={500}
        help="The tenant's owner reads it, and its audit trail keeps it. Name a ticket."
        rules={{ required: 'Say why.', validate: (text) => text.trim() !== '' || 'Say why.' }}
      />
      <SelectField form={form} name="minutes" label="For" options={LENGTHS} />
      <SelectField
        form={form}
        name="role"
        label="As"
        options={roles}
        help="Nothing that lasts can be made with it: no API key and no invitation."
      />
      <WorkspaceField form={form} name="workspace" />
    </FormDialog>
  );
}
