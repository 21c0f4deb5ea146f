// Makes an API key for a tenant's workspace, as an operator; it is shown once. Used by `TenantActions`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField } from '../../ui/form';
import { KeyValue } from '../../ui/KeyValue';
import { RelativeTime } from '../../ui/Time';
import { NewKey } from '../api-keys/NewKey';
import { useMakeKey } from './api';
import { WorkspaceField, workspaceOf } from './WorkspaceField';

interface Values {
  name: string;
  role: string;
  workspace: string;
  days: string;
}

const ROLES: [string, string][] = [
  ['viewer', 'Viewer: reads'],
  ['member', 'Member: also works with agents'],
  ['admin', 'Admin: also members, keys and audit'],
];
const LIVES: [string, string][] = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
  ['', 'Never'],
];

export function KeyDialog({ slug, onClose }: { slug: string; onClose: () => void }) {
  const [key] = useState(idempotencyKey);
  // Counted from when the form was opened: a retry must ask for the very same.
  const [opened] = useState(Date.now);
  const form = useForm<Values>({ defaultValues: { name: '', role: 'member', workspace: '', days: '90' } });
  const make = useMakeKey(slug, key);
  if (make.data) {
    return (
      <NewKey made={make.data} onClose={onClose}>
        <KeyValue
          rows={[
            ['Role', make.data.role],
            ['Expires', <RelativeTime key="expires" at={make.data.expires_at} none="Never" />],
          ]}
        />
      </NewKey>
    );
  }
  const send = (values: Values) =>
    make.mutateAsync({
      name: values.name.trim(),
      role: values.role,
      ...workspaceOf(values),
      ...(values.days
        ? { expires_at: new Date(opened + Number(values.days) * 86_400_000).toISOString() }
        : {}),
    });
  return (
    <FormDialog form={form} title={`API key for ${slug}`} submit="Make key" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        help="What it is for. It stands in the tenant's audit trail with who made it."
        rules={{ required: 'Enter what the key is for.' }}
      />
      <SelectField form={form} name="role" label="Role" options={ROLES} />
      <WorkspaceField form={form} name="workspace" />
      <SelectField form={form} name="days" label="Expires after" options={LIVES} />
    </FormDialog>
  );
}
