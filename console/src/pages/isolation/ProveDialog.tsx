// Asks for a proof: of all tenants or one, with a seed where the same pairs are to be tried again. Leads to its report.
// Used by the isolation pages and the tenant page.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/form';
import { useProve } from './api';

interface Values {
  tenant: string;
  seed: string;
}

interface Props {
  tenant?: string | null | undefined;
  seed?: number | undefined;
  onClose: () => void;
}

export function ProveDialog({ tenant, seed, onClose }: Props) {
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({ defaultValues: { tenant: tenant ?? '', seed: seed?.toString() ?? '' } });
  const prove = useProve(key);
  const navigate = useNavigate();
  const send = async (values: Values) => {
    const report = await prove.mutateAsync({
      ...(values.tenant.trim() ? { tenant: values.tenant.trim() } : {}),
      ...(values.seed.trim() ? { seed: Number(values.seed) } : {}),
    });
    onClose();
    await navigate({ to: '/isolation/$id', params: { id: report.id } });
  };
  return (
    <FormDialog form={form} title="Run the proof" submit="Run the proof" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="tenant"
        label="Tenant"
        autoComplete="off"
        autoCapitalize="none"
        help="Its slug: that one is tried against all others. Empty: all tenants."
      />
      <TextField
        form={form}
        name="seed"
        label="Seed"
        inputMode="numeric"
        autoComplete="off"
        help="Decides which pairs are tried where there are too many to try all. Empty: a new one. The same seed tries the same."
        rules={{
          validate: (text) =>
            text.trim() === '' ||
            (/^\d{1,10}$/.test(text.trim()) && Number(text) <= 4_294_967_295) ||
            'A whole number from 0 to 4,294,967,295.',
        }}
      />
    </FormDialog>
  );
}
