// Step 1: name and slug. Used by `NewTenantPage`.
import { useRef } from 'react';
import { TextField } from '../../ui/form';
import { SlugField } from './SlugField';
import { StepFrame } from './StepFrame';
import { suggestSlug } from './slug';
import type { Wizard } from './useWizard';

export function IdentityStep({ wizard }: { wizard: Wizard }) {
  const { form } = wizard;
  const { name, slug } = form.getValues();
  const own = useRef(slug !== '' && slug !== suggestSlug(name));
  return (
    <StepFrame
      wizard={wizard}
      title="Who is it?"
      lead="One customer organisation, with a schema and a role of its own."
    >
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        autoFocus
        maxLength={200}
        placeholder="Acme Robotics"
        rules={{
          validate: (typed) => String(typed).trim() !== '' || 'Enter a name.',
          onChange: (event: { target: { value: string } }) => {
            form.clearErrors('name');
            if (own.current) return;
            form.setValue('slug', suggestSlug(event.target.value));
            form.clearErrors('slug');
          },
        }}
      />
      <SlugField form={form} own={own} />
    </StepFrame>
  );
}
