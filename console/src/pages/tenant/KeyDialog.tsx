// Makes an API key for a tenant's workspace, as an operator; it is shown once. Used by `TenantActions`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField, takeErrors } from '../../ui/form';
import { KeyValue } from '../../ui/KeyValue';
import { RelativeTime } from '../../ui/Time';
import { useMakeKey } from './api';
import { SecretOnce } from './SecretOnce';

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
  const [problem, setProblem] = useState<unknown>(null);
  if (make.data) {
    return (
      <SecretOnce title="API key made" label="API key" secret={make.data.key} onClose={onClose}>
        <KeyValue
          rows={[
            ['Name', make.data.name],
            ['Role', make.data.role],
            ['Expires', <RelativeTime key="expires" at={make.data.expires_at} none="Never" />],
          ]}
        />
      </SecretOnce>
    );
  }
  const submit = form.handleSubmit(async ({ name, role, workspace, days }) => {
    setProblem(null);
    const expires = days ? { expires_at: new Date(opened + Number(days) * 86_400_000).toISOString() } : {};
    try {
      await make.mutateAsync({
        name: name.trim(),
        role,
        ...(workspace.trim() ? { workspace: workspace.trim() } : {}),
        ...expires,
      });
    } catch (thrown) {
      setProblem(takeErrors<Values>(thrown, ['name', 'role', 'workspace'], form.setError));
    }
  });
  return (
    <FormDialog
      open
      onClose={onClose}
      title={`API key for ${slug}`}
      submit="Make key"
      onSubmit={submit}
      busy={make.isPending}
      problem={problem}
    >
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        help="What it is for. It stands in the tenant's audit trail with who made it."
        rules={{ required: 'Enter what the key is for.' }}
      />
      <SelectField form={form} name="role" label="Role" options={ROLES} />
      <TextField
        form={form}
        name="workspace"
        label="Workspace"
        autoComplete="off"
        help="Its slug. The default workspace where empty."
      />
      <SelectField form={form} name="days" label="Expires after" options={LIVES} />
    </FormDialog>
  );
}
