// What a tenant begins with: the version of its schema, and rows to look at. Used by `OptionsStep`.
import { Checkbox, Fieldset, Skeleton, Stack, Text } from '@chakra-ui/react';
import { Controller, useWatch } from 'react-hook-form';
import { type Template, useTemplate, versionOf } from '../../api/template';
import { SelectField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import type { Wizard } from './useWizard';

export function BeginsWith({ wizard }: { wizard: Wizard }) {
  const template = useTemplate();
  return (
    <Fieldset.Root>
      <Fieldset.Legend>What it begins with</Fieldset.Legend>
      {template.data ? (
        <Stack gap="4">
          <Version wizard={wizard} offered={template.data} />
          <DemoData wizard={wizard} offered={template.data} />
        </Stack>
      ) : template.isError ? (
        <ProblemHelp compact error={template.error} retry={() => void template.refetch()} />
      ) : (
        <Skeleton h="16" aria-busy />
      )}
    </Fieldset.Root>
  );
}

interface Props {
  wizard: Wizard;
  offered: Template;
}

function Version({ wizard: { form }, offered }: Props) {
  const named = useWatch({ control: form.control, name: 'schema_version' });
  const demoData = useWatch({ control: form.control, name: 'demo_data' });
  const chosen = versionOf(offered, named);
  if (offered.versions.length === 1 && chosen)
    return (
      <Text color="fg.muted">
        Schema version{' '}
        <Text as="span" color="fg" fontWeight="medium">
          {chosen.version}
        </Text>
        , the one that this server serves. {readiness(chosen.warm_slots, demoData)}
      </Text>
    );
  const options = offered.versions.map(({ version, description, is_default }): [string, string] => [
    is_default ? '' : version,
    [version, description].filter(Boolean).join(', ') + (is_default ? ' (newest)' : ''),
  ]);
  return (
    <SelectField
      form={form}
      name="schema_version"
      label="Schema version"
      options={chosen ? options : [...options, [named, `${named}, not offered any more`]]}
      help={chosen ? readiness(chosen.warm_slots, demoData) : 'Choose one that is offered.'}
      rules={{ onChange: () => form.clearErrors('schema_version') }}
    />
  );
}

/** What a slot saves. Demo data is a worker's, who comes a moment later. */
export function readiness(slots: number, demoData: boolean): string {
  if (slots > 0 && demoData) return 'A warm slot is ready at it; a worker adds the demo data a moment later.';
  return slots > 0
    ? 'A warm slot is ready at it, so the tenant is there in milliseconds.'
    : 'No warm slot is ready at it, so its schema is made first: by design in 250 ms at most.';
}

function DemoData({ wizard: { form }, offered }: Props) {
  return (
    <Stack gap="1">
      <Controller
        control={form.control}
        name="demo_data"
        render={({ field, fieldState: { error } }) => (
          <>
            <Checkbox.Root
              name={field.name}
              checked={field.value}
              disabled={!offered.demo_data && !field.value}
              invalid={error !== undefined}
              onCheckedChange={({ checked }) => {
                form.clearErrors('demo_data');
                field.onChange(checked === true);
              }}
            >
              <Checkbox.HiddenInput ref={field.ref} onBlur={field.onBlur} aria-describedby="demo-data-help" />
              <Checkbox.Control />
              <Checkbox.Label>Demo data</Checkbox.Label>
            </Checkbox.Root>
            {error && (
              <Text role="alert" textStyle="xs" color="fg.error">
                {error.message}
              </Text>
            )}
          </>
        )}
      />
      <Text id="demo-data-help" textStyle="xs" color="fg.muted">
        {offered.demo_data
          ? 'Three agents with a task and a message each, in the default workspace. Every row is marked as a demo’s.'
          : 'Not to be had: demo data are rows of the agent platform’s tables, and tenants have others here.'}
      </Text>
    </Stack>
  );
}
