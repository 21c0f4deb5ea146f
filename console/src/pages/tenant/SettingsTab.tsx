// What an operator changes of a tenant: tier, name, owner's address, domains. Refused where somebody else changed it since. Used by `TenantPage`.
import { Button, HStack, Stack, Text } from '@chakra-ui/react';
import { useEffect, useState } from 'react';
import { useForm } from 'react-hook-form';
import { asProblem } from '../../api/problem';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { SelectField, TextareaField, TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { useSend } from '../../ui/useDeed';
import { type Tagged, useTenant, useUpdateTenant } from './api';
import { Conflict } from './Conflict';
import { changes, fromTenant, type Settings } from './settings';
import { TierPanel } from './TierPanel';

export function SettingsTab({ tagged }: { tagged: Tagged }) {
  // The form keeps the version that it began with: what came in between must not be overwritten unseen.
  const [base, setBase] = useState(tagged);
  const [round, setRound] = useState(0);
  const allowed = may(useWho(), 'ChangeTenant') && tagged.tenant.status !== 'deleted';
  const read = useTenant(base.tenant.slug);
  const reload = async () => {
    const now = await read.refetch();
    if (!now.data) return;
    setBase(now.data);
    setRound(round + 1);
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
        anew={round > 0}
        base={base}
        allowed={allowed}
        onSaved={setBase}
        onReload={() => void reload()}
      />
    </Stack>
  );
}

interface FormProps {
  /** What is there now took the place of what was typed. */
  anew: boolean;
  base: Tagged;
  allowed: boolean;
  onSaved: (tagged: Tagged) => void;
  onReload: () => void;
}

function SettingsForm({ anew, base, allowed, onSaved, onReload }: FormProps) {
  const { tenant, etag } = base;
  const form = useForm<Settings>({ defaultValues: fromTenant(tenant) });
  const { setFocus } = form;
  // The button that asked for it went with the message.
  useEffect(() => {
    if (anew) setFocus('name');
  }, [anew, setFocus]);
  const update = useUpdateTenant(tenant.slug);
  const { onSubmit, busy, problem } = useSend(form, async (values) => {
    const body = changes(tenant, values);
    if (Object.keys(body).length === 0) return said('Nothing to save', 'Everything is as it was.');
    const saved = await update.mutateAsync({ body, etag });
    onSaved(saved);
    form.reset(fromTenant(saved.tenant));
    said('Settings saved');
  });
  return (
    <form onSubmit={onSubmit} noValidate aria-label="Settings">
      <Stack gap="5">
        {!allowed && (
          <Text color="fg.muted">
            {tenant.status === 'deleted'
              ? 'A deleted tenant is not changed. Restore it first.'
              : 'Operators with the role admin change settings.'}
          </Text>
        )}
        {problem && asProblem(problem).status === 412 ? (
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
            <Button type="submit" size="sm" loading={busy} loadingText="Saving">
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
