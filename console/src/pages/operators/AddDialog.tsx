// Makes somebody an operator. Used by `OperatorsPage`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import type { OperatorRole } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField, takeErrors } from '../../ui/form';
import { said } from '../../ui/toast';
import { useAddOperator } from './api';
import { ROLES } from './roles';

interface Values {
  email: string;
  name: string;
  role: OperatorRole;
  password: string;
}

const FIELDS = ['email', 'name', 'role', 'password'] as const;

export function AddDialog({ onClose }: { onClose: () => void }) {
  // One wish, one key: a second click, or a retry after a lost answer, makes nobody twice.
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({ defaultValues: { email: '', name: '', role: 'support', password: '' } });
  const add = useAddOperator(key);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = form.handleSubmit(async ({ password, ...values }) => {
    setProblem(null);
    try {
      const made = await add.mutateAsync({ ...values, ...(password ? { password } : {}) });
      said(`${made.name} is an operator now`);
      onClose();
    } catch (thrown) {
      setProblem(takeErrors<Values>(thrown, FIELDS, form.setError));
    }
  });
  return (
    <FormDialog
      open
      onClose={onClose}
      title="Add an operator"
      submit="Add operator"
      onSubmit={submit}
      busy={add.isPending}
      problem={problem}
    >
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
