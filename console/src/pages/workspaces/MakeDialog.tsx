// Makes a workspace. The slug follows the name until it is typed. Used by `WorkspacesPage`.
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { goTo } from '../../session/session';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/form';
import { failed, said } from '../../ui/toast';
import { lookAgain, useMember } from '../tenant-side/useMember';
import { useMakeWorkspace } from './api';
import { slugOf } from './slug';

interface Values {
  name: string;
  slug: string;
}

export function MakeDialog({ onClose }: { onClose: () => void }) {
  const who = useMember();
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({ defaultValues: { name: '', slug: '' } });
  const make = useMakeWorkspace(key);
  const send = async (values: Values) => {
    const made = await make.mutateAsync(values);
    onClose();
    // Whoever makes one owns it: the switcher shall know.
    await lookAgain(who);
    said(`${made.name} is made, and you own it`, undefined, {
      label: 'Work there',
      run: () =>
        void goTo({ tenant: who.tenant, workspace: made.slug }).catch((thrown) =>
          failed('Not switched', thrown),
        ),
    });
  };
  return (
    <FormDialog form={form} title="Make a workspace" submit="Make workspace" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        rules={{
          required: 'Enter a name.',
          onChange: (event: { target: { value: string } }) => {
            if (!form.getFieldState('slug').isDirty)
              form.resetField('slug', { defaultValue: slugOf(event.target.value) });
          },
        }}
      />
      <TextField
        form={form}
        name="slug"
        label="Slug"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        fontFamily="mono"
        help="In addresses and configuration; it stays when the name changes. a-z, 0-9 and single hyphens."
        rules={{
          required: 'Enter a slug.',
          pattern: { value: /^[a-z0-9]+(-[a-z0-9]+)*$/, message: 'Only a-z, 0-9 and single hyphens inside.' },
        }}
      />
    </FormDialog>
  );
}
