// Step 3: the first owner, whose people may join by themselves, limits of its own, and what it begins with. Used by `NewTenantPage`.
import { Fieldset, SimpleGrid } from '@chakra-ui/react';
import { TextareaField, TextField } from '../../ui/form';
import { BeginsWith } from './BeginsWith';
import { StepFrame } from './StepFrame';
import type { Wizard } from './useWizard';
import { domainsOf, MOST, OWN } from './values';

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;
const MOST_DOMAINS = 20;

function checkDomains(typed: string): true | string {
  const domains = domainsOf(typed);
  if (domains.length > MOST_DOMAINS) return `At most ${MOST_DOMAINS} domains.`;
  const wrong = domains.find((domain) => !DOMAIN.test(domain));
  return wrong === undefined || `${wrong} is not a domain such as example.com.`;
}

export function OptionsStep({ wizard }: { wizard: Wizard }) {
  const { form } = wizard;
  return (
    <StepFrame
      wizard={wizard}
      title="Who gets in?"
      lead="The first owner, who may join without an invitation, limits that differ from the plan's, and what it begins with."
    >
      <TextField
        form={form}
        name="admin_email"
        label="E-mail of the owner"
        type="email"
        autoComplete="off"
        maxLength={254}
        placeholder="ops@acme.example"
        help="Who answers for the tenant. The run makes an invitation link for this address, which you hand over."
        rules={{
          required: 'Enter the address of whoever answers for it.',
          validate: (typed) =>
            ADDRESS.test(String(typed).trim()) || 'Enter an address such as ops@example.com.',
          onChange: () => form.clearErrors('admin_email'),
        }}
      />
      <TextareaField
        form={form}
        name="allowed_domains"
        label="E-mail domains (optional)"
        rows={2}
        fontFamily="mono"
        autoCapitalize="none"
        spellCheck={false}
        placeholder="acme.example"
        help="People with these domains may join by themselves, once you say on the tenant's page as what. Separate them with spaces, commas or lines."
        rules={{
          validate: (typed) => checkDomains(String(typed)),
          onChange: () => form.clearErrors('allowed_domains'),
        }}
      />
      <OwnLimits wizard={wizard} />
      <BeginsWith wizard={wizard} />
    </StepFrame>
  );
}

const LABELS: Record<(typeof OWN)[number], string> = {
  max_agents: 'Agents',
  max_tasks_per_month: 'Tasks a month',
  storage_limit_gb: 'Storage, GB',
};

function checkNumber(typed: string): true | string {
  if (typed.trim() === '') return true;
  const whole = /^\d{1,10}$/.test(typed.trim()) && Number(typed) <= MOST;
  return whole || `Enter a whole number from 0 to ${MOST.toLocaleString('en')}, or nothing.`;
}

function OwnLimits({ wizard: { form } }: { wizard: Wizard }) {
  return (
    <Fieldset.Root>
      <Fieldset.Legend>Limits of its own (optional)</Fieldset.Legend>
      <Fieldset.HelperText>
        In place of the plan&apos;s, and they stay when the plan changes. Empty is the plan&apos;s.
      </Fieldset.HelperText>
      <SimpleGrid columns={{ base: 1, sm: 3 }} gap="4">
        {OWN.map((name) => (
          <TextField
            key={name}
            form={form}
            name={name}
            label={LABELS[name]}
            inputMode="numeric"
            autoComplete="off"
            maxLength={10}
            rules={{
              validate: (typed) => checkNumber(String(typed)),
              onChange: () => form.clearErrors(name),
            }}
          />
        ))}
      </SimpleGrid>
    </Fieldset.Root>
  );
}
