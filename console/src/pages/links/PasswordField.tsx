// A field for a password that can be shown. Used by the pages of links.
import { Checkbox, Stack } from '@chakra-ui/react';
import { useState } from 'react';
import type { FieldPath, FieldValues, UseFormReturn } from 'react-hook-form';
import { TextField } from '../../ui/form';

interface Props<Values extends FieldValues> {
  form: UseFormReturn<Values>;
  name: FieldPath<Values>;
  /** One that is made now, with its rules; else the account's. */
  fresh: boolean;
}

export function PasswordField<Values extends FieldValues>({ form, name, fresh }: Props<Values>) {
  const [shown, setShown] = useState(false);
  return (
    <Stack gap="2">
      <TextField
        form={form}
        name={name}
        label={fresh ? 'New password' : 'Password'}
        type={shown ? 'text' : 'password'}
        autoComplete={fresh ? 'new-password' : 'current-password'}
        {...(fresh ? { help: '10 to 200 characters, and not easy to guess.' } : {})}
        rules={{
          required: 'Enter a password.',
          ...(fresh ? { minLength: { value: 10, message: 'At least 10 characters.' } } : {}),
        }}
      />
      <Checkbox.Root
        size="sm"
        minH="6"
        checked={shown}
        onCheckedChange={(change) => setShown(change.checked === true)}
      >
        <Checkbox.HiddenInput />
        <Checkbox.Control />
        <Checkbox.Label color="fg.muted">Show password</Checkbox.Label>
      </Checkbox.Root>
    </Stack>
  );
}
