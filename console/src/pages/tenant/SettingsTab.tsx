// What an operator changes of a tenant: name, owner's address, domains. Refused where somebody else changed it since. Used by `TenantPage`.
import { Alert, Button, HStack, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import type { Problem } from '../../api/problem';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { SelectField, TextareaField, TextField, takeErrors } from '../../ui/form';
import { sentence } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { type Tagged, useTenant, useUpdateTenant } from './api';
import { changes, fromTenant, type Settings } from './settings';

const FIELDS = ['name', 'admin_email', 'allowed_domains', 'domain_join_role'] as const;

export function SettingsTab({ tagged }: { tagged: Tagged }) {
  // The form keeps the version that it began with: what came in between must not be overwritten unseen.
  const [base, setBase] = useState(tagged);
  return <SettingsForm key={base.etag} base={base} onFresh={setBase} />;
}

function SettingsForm({ base, onFresh }: { base: Tagged; onFresh: (tagged: Tagged) => void }) {
  const who = useWho();
  const { tenant, etag } = base;
  const form = useForm<Settings>({ defaultValues: fromTenant(tenant) });
  const update = useUpdateTenant(tenant.slug);
  const fresh = useTenant(tenant.slug);
  const [problem, setProblem] = useState<Problem | null>(null);
  const allowed = may(who, 'ChangeTenant') && tenant.status !== 'deleted';
  const reload = async () => {
    const now = await fresh.refetch();
    if (now.data) onFresh(now.data);
  };
  const submit = form.handleSubmit(async (values) => {
    setProblem(null);
    const body = changes(tenant, values);
    if (Object.keys(body).length === 0) return said('Nothing to save', 'Everything is as it was.');
    try {
      await update.mutateAsync({ body, etag });
      said('Settings saved');
      await reload();
    } catch (thrown) {
      setProblem(takeErrors<Settings>(thrown, FIELDS, form.setError));
    }
  });
  return (
    <form onSubmit={submit} noValidate aria-label="Settings">
      <Stack gap="5" maxW="xl">
        {!allowed && (
          <Text color="fg.muted">
            {tenant.status === 'deleted'
              ? 'A deleted tenant is not changed. Restore it first.'
              : 'Operators with the role admin change settings.'}
          </Text>
        )}
        {problem?.status === 412 ? (
          <Conflict onReload={() => void reload()} />
        ) : problem ? (
          <ProblemHelp compact error={problem} />
        ) : null}
        <Stack asChild gap="5">
          <fieldset disabled={!allowed}>
            <TextField form={form} name="name" label="Name" rules={{ required: 'Enter a name.' }} />
            <TextField
              form={form}
              name="admin_email"
              label="Owner email"
              type="email"
              help="Who answers for the tenant. An invitation that was made already stays for the address that it was made for."
              rules={{ required: 'Enter an address.' }}
            />
            <TextareaField
              form={form}
              name="allowed_domains"
              label="Allowed domains"
              rows={3}
              fontFamily="mono"
              help="One on each line, 20 at most. People with an address there may join by themselves, as below."
            />
            <SelectField
              form={form}
              name="domain_join_role"
              label="They join as"
              options={[
                ['', 'Nobody joins by themselves'],
                ['viewer', 'Viewer'],
                ['member', 'Member'],
              ]}
            />
          </fieldset>
        </Stack>
        <Text color="fg.muted">
          Tier: {sentence(tenant.plan_tier)}. It was chosen when the tenant was made.
        </Text>
        {allowed && (
          <HStack>
            <Button type="submit" size="sm" loading={update.isPending} loadingText="Saving">
              Save settings
            </Button>
            <Button
              type="button"
              size="sm"
              variant="ghost"
              disabled={!form.formState.isDirty}
              onClick={() => form.reset()}
            >
              Discard changes
            </Button>
          </HStack>
        )}
      </Stack>
    </form>
  );
}

function Conflict({ onReload }: { onReload: () => void }) {
  return (
    <Alert.Root status="warning" size="sm" role="alert">
      <Alert.Indicator />
      <Alert.Content>
        <Alert.Title>Somebody else changed this</Alert.Title>
        <Alert.Description>
          Nothing of yours was saved, so that nothing of theirs is lost. Load what is there now, then make
          your change again.
        </Alert.Description>
        <Button size="xs" variant="outline" mt="2" alignSelf="start" onClick={onReload}>
          Load what is there now
        </Button>
      </Alert.Content>
    </Alert.Root>
  );
}
