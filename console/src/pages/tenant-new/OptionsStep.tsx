// Step 3: the first owner, and whose people may join by themselves. Used by `NewTenantPage`.
import { TextareaField, TextField } from '../../ui/form';
import { StepFrame } from './StepFrame';
import type { Wizard } from './useWizard';
import { domainsOf } from './values';

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
      lead="The first owner, and who may join without an invitation."
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
    </StepFrame>
  );
}
