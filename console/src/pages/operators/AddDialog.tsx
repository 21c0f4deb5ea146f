// Makes somebody an operator. Used by `OperatorsPage`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import type { OperatorRole } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField } from '../../ui/form';
import { said } from '../../ui/toast';
import { useAddOperator } from './api';
import { ROLES } from './roles';

interface Values {
  email: string;
  name: string;
  role: OperatorRole;
  password: string;
}

export function AddDialog({ onClose }: { onClose: () => void }) {
  // One wish, one key: a second click, or a retry after a lost answer, makes nobody twice.
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({ defaultValues: { email: '', name: '', role: 'support', password: '' } });
  const add = useAddOperator(key);
  const send = async ({ password, ...values }: Values) => {
    const made = await add.mutateAsync({ ...values, ...(password ? { password } : {}) });
    said(`${made.name} is an operator now`);
    onClose();
  };
  return (
    <FormDialog form={form} title="Add an operator" submit="Add operator" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="email"
        label="Email"
        type="email"
        autoComplete="off"
        rules={{ required: 'Enter their address.' }}
      />
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        rules={{ required: 'Enter their name.' }}
      />
      <SelectField form={form} name="role" label="Role" options={ROLES} />
      <TextField
        form={form}
        name="password"
        label="First password"
        type="password"
        autoComplete="new-password"
        help="For somebody new: 10 to 200 characters. Leave it empty for a user who has an account already; they keep their password."
      />
    </FormDialog>
  );
}
