// Makes an API key: name, role, scopes, life; then shows it once. Used by `ApiKeysPage`.
import { Checkbox, Fieldset, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { type UseFormReturn, useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import type { Role } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextField } from '../../ui/form';
import { roleOptions, rolesToGive } from '../tenant-side/roles';
import { useMember } from '../tenant-side/useMember';
import { useMakeKey } from './api';
import { endOf, LIVES } from './expiry';
import { NewKey } from './NewKey';
import { isOf, SCOPES } from './scopes';

interface Values {
  name: string;
  role: Role;
  confined: 'no' | 'yes';
  scopes: string[];
  life: string;
  expires_at: string;
}

export function MakeDialog({ onClose }: { onClose: () => void }) {
  const who = useMember();
  const [key] = useState(idempotencyKey);
  const form = useForm<Values>({
    defaultValues: { name: '', role: 'member', confined: 'no', scopes: [], life: '90', expires_at: '' },
  });
  const make = useMakeKey(key);
  const { confined, life, role } = form.watch();
  const send = async (values: Values) => {
    const usable = SCOPES.filter((scope) => isOf(values.role, scope)).map(({ name }) => name);
    const scopes = confined === 'yes' ? values.scopes.filter((scope) => usable.includes(scope)) : [];
    if (confined === 'yes' && scopes.length === 0)
      return form.setError('scopes', {
        message: 'Tick at least one, or let the key do all that its role may.',
      });
    const expires_at = endOf(values.life, values.expires_at, Date.now());
    await make.mutateAsync({
      name: values.name.trim(),
      role: values.role,
      scopes,
      ...(expires_at ? { expires_at } : {}),
    });
  };
  if (make.data) return <NewKey made={make.data} onClose={onClose} />;
  return (
    <FormDialog form={form} title="Make an API key" submit="Make key" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        help="Where it is used, such as: deploy from CI."
        rules={{ required: 'Enter a name.', maxLength: { value: 100, message: 'At most 100 characters.' } }}
      />
      <SelectField
        form={form}
        name="role"
        label="Role"
        // A key is never an owner.
        options={roleOptions(rolesToGive(who.role).filter((one) => one !== 'owner'))}
      />
      <SelectField
        form={form}
        name="confined"
        label="Scopes"
        // An error of what is not shown any more would keep the form from being sent.
        rules={{ onChange: () => form.clearErrors('scopes') }}
        options={[
          ['no', 'All that the role may'],
          ['yes', 'Only what I choose'],
        ]}
      />
      {confined === 'yes' && <ScopeBoxes form={form} role={role} />}
      <SelectField
        form={form}
        name="life"
        label="It ends"
        rules={{ onChange: () => form.clearErrors('expires_at') }}
        options={LIVES}
        {...(life === 'never'
          ? { help: 'A key that never ends is found by whoever looks long enough. Prefer one that ends.' }
          : {})}
      />
      {life === 'date' && (
        <TextField
          form={form}
          name="expires_at"
          label="Last day"
          type="date"
          help="Within ten years."
          rules={{ required: 'Choose a day.' }}
        />
      )}
    </FormDialog>
  );
}

function ScopeBoxes({ form, role }: { form: UseFormReturn<Values>; role: Role }) {
  const chosen = form.watch('scopes');
  const error = form.formState.errors.scopes;
  const toggle = (name: string) => {
    form.clearErrors('scopes');
    form.setValue('scopes', chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  };
  return (
    <Fieldset.Root invalid={error !== undefined} size="sm">
      <Fieldset.Legend srOnly>Scopes of the key</Fieldset.Legend>
      <Stack gap="1">
        {SCOPES.map((scope) => {
          const usable = isOf(role, scope);
          return (
            <Checkbox.Root
              key={scope.name}
              size="sm"
              minH="6"
              disabled={!usable}
              checked={usable && chosen.includes(scope.name)}
              onCheckedChange={() => toggle(scope.name)}
            >
              <Checkbox.HiddenInput />
              <Checkbox.Control />
              <Checkbox.Label>
                <Text as="span" fontFamily="mono">
                  {scope.name}
                </Text>{' '}
                <Text as="span" color="fg.muted" fontWeight="normal">
                  {scope.means}
                  {!usable && `, for keys that are ${scope.least}`}
                </Text>
              </Checkbox.Label>
            </Checkbox.Root>
          );
        })}
      </Stack>
      <Fieldset.ErrorText>{error?.message}</Fieldset.ErrorText>
    </Fieldset.Root>
  );
}
