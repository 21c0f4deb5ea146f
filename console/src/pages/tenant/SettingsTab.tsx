// What an operator changes of a tenant: tier, name, owner's address, domains. Refused where somebody else changed it since. Used by `TenantPage`.
import { Button, HStack, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import type { Problem } from '../../api/problem';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { SelectField, TextareaField, TextField, takeErrors } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { type Tagged, useTenant, useUpdateTenant } from './api';
import { Conflict } from './Conflict';
import { changes, fromTenant, type Settings } from './settings';
import { TierPanel } from './TierPanel';

const FIELDS = ['name', 'admin_email', 'allowed_domains', 'domain_join_role'] as const;

export function SettingsTab({ tagged }: { tagged: Tagged }) {
  // The form keeps the version that it began with: what came in between must not be overwritten unseen.
  const [base, setBase] = useState(tagged);
  const [round, setRound] = useState(0);
  const allowed = may(useWho(), 'ChangeTenant') && tagged.tenant.status !== 'deleted';
  const read = useTenant(base.tenant.slug);
  const begin = (now: Tagged) => {
    setBase(now);
    setRound(round + 1);
  };
  const reload = async () => {
    const now = await read.refetch();
    if (now.data) begin(now.data);
  };
  return (
    <Stack gap="6" maxW="xl">
      {/* The tier is as the page has it. Where the form began with the same, it goes on from the change, and what is typed in it stays. */}
      <TierPanel
        base={tagged}
        allowed={allowed}
        onChange={(changed) => {
          if (base.etag === tagged.etag) setBase(changed);
        }}
        onReload={() => void read.refetch()}
      />
      <SettingsForm
        key={round}
        base={base}
        allowed={allowed}
        onSaved={begin}
        onReload={() => void reload()}
      />
    </Stack>
  );
}

interface FormProps {
  base: Tagged;
  allowed: boolean;
  onSaved: (tagged: Tagged) => void;
  onReload: () => void;
}

function SettingsForm({ base, allowed, onSaved, onReload }: FormProps) {
  const { tenant, etag } = base;
  const form = useForm<Settings>({ defaultValues: fromTenant(tenant) });
  const update = useUpdateTenant(tenant.slug);
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = form.handleSubmit(async (values) => {
    setProblem(null);
    const body = changes(tenant, values);
    if (Object.keys(body).length === 0) return said('Nothing to save', 'Everything is as it was.');
    try {
      onSaved(await update.mutateAsync({ body, etag }));
      said('Settings saved');
    } catch (thrown) {
      setProblem(takeErrors<Settings>(thrown, FIELDS, form.setError));
    }
  });
  return (
    <form onSubmit={submit} noValidate aria-label="Settings">
      <Stack gap="5">
        {!allowed && (
          <Text color="fg.muted">
            {tenant.status === 'deleted'
              ? 'A deleted tenant is not changed. Restore it first.'
              : 'Operators with the role admin change settings.'}
          </Text>
        )}
        {problem?.status === 412 ? (
          <Conflict onReload={onReload} />
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
