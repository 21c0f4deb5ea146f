// Makes a key in place of another; the old one works on for a while. Used by `ApiKeysPage`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import type { ApiKey } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField } from '../../ui/form';
import { useRerollKey } from './api';
import { NewKey } from './NewKey';

const OVERLAPS: [string, string][] = [
  ['0', 'ends at once'],
  ['30', 'works 30 minutes more'],
  ['240', 'works 4 hours more'],
  ['1440', 'works 24 hours more'],
];

export function ReplaceDialog({ old, onClose }: { old: ApiKey; onClose: () => void }) {
  const [key] = useState(idempotencyKey);
  const form = useForm({ defaultValues: { overlap: '30' } });
  const replace = useRerollKey(key);
  if (replace.data) return <NewKey made={replace.data} onClose={onClose} />;
  return (
    <FormDialog
      form={form}
      title={`Replace ${old.name}`}
      submit="Make the new key"
      send={({ overlap }) => replace.mutateAsync({ old, overlap_minutes: Number(overlap) })}
      onClose={onClose}
    >
      <SelectField
        form={form}
        name="overlap"
        label="The old key"
        options={OVERLAPS}
        help="The new one has the same name, role, scopes and length of life, from now on."
      />
    </FormDialog>
  );
}
