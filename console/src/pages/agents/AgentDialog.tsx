// Makes an agent, or changes one; a change is for the version that was read. Used by `AgentsPage`.
import { Button, HStack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { type UseFormReturn, useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { asProblem } from '../../api/problem';
import type { Agent } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField, TextareaField, TextField } from '../../ui/form';
import { sentence } from '../../ui/format';
import { failed, said } from '../../ui/toast';
import { STATUSES, useChangeAgent, useCurrentAgent, useMakeAgent } from './api';
import { type AgentValues, toCreate, toolsOf, toUpdate, valuesOf } from './values';

export function AgentDialog({ agent, onClose }: { agent?: Agent; onClose: () => void }) {
  const [key] = useState(idempotencyKey);
  // The version that the form was filled from.
  const [base, setBase] = useState(agent);
  const [overtaken, setOvertaken] = useState(false);
  const form = useForm<AgentValues>({ defaultValues: valuesOf(agent) });
  const make = useMakeAgent(key);
  const change = useChangeAgent();
  const send = async (values: AgentValues) => {
    try {
      const done = base
        ? await change.mutateAsync({ agent: base, body: toUpdate(values, base) })
        : await make.mutateAsync(toCreate(values));
      said(base ? `${done.name} is changed` : `${done.name} is made`);
      onClose();
    } catch (thrown) {
      const { code } = asProblem(thrown);
      const taken = { message: 'An agent of this workspace has this name.' };
      if (code === 'name_taken') form.setError('name', taken, { shouldFocus: true });
      else if (code === 'version_mismatch') setOvertaken(true);
      else throw thrown;
    }
  };
  return (
    <FormDialog
      form={form}
      title={base ? `Change ${base.name}` : 'Make an agent'}
      submit={base ? 'Save changes' : 'Make agent'}
      send={send}
      disabled={overtaken}
      onClose={onClose}
    >
      {overtaken && base && (
        <Overtaken
          id={base.id}
          onLoaded={(fresh) => {
            setBase(fresh);
            form.reset(valuesOf(fresh));
            setOvertaken(false);
          }}
        />
      )}
      <Fields form={form} existing={base !== undefined} />
    </FormDialog>
  );
}

function Overtaken({ id, onLoaded }: { id: string; onLoaded: (fresh: Agent) => void }) {
  const current = useCurrentAgent();
  const load = () =>
    current.mutate(id, { onSuccess: onLoaded, onError: (thrown) => failed('Not loaded', thrown) });
  return (
    <HStack role="alert" gap="3" wrap="wrap" p="3" rounded="md" bg="orange.subtle" color="orange.fg">
      <Text flex="1 1 14rem">
        Somebody changed this agent after you opened it. Nothing of yours was saved. Load what is there now,
        and make your change again.
      </Text>
      <Button size="xs" variant="outline" loading={current.isPending} onClick={load}>
        Load what is there
      </Button>
    </HStack>
  );
}

function Fields({ form, existing }: { form: UseFormReturn<AgentValues>; existing: boolean }) {
  const most = { value: 100, message: 'At most 100 characters.' };
  return (
    <>
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        help="Unique in the workspace."
        rules={{ required: 'Enter a name.', maxLength: most }}
      />
      <TextField
        form={form}
        name="role"
        label="Role"
        autoComplete="off"
        help="What it is for, such as support or researcher."
        rules={{ required: 'Enter what it is for.', maxLength: most }}
      />
      {existing && (
        <SelectField
          form={form}
          name="status"
          label="Status"
          options={STATUSES.map((status) => [status, sentence(status)])}
        />
      )}
      <TextField
        form={form}
        name="capabilities"
        label="Capabilities"
        autoComplete="off"
        help="What it can do: free words, with commas. At most 50."
      />
      <TextareaField
        form={form}
        name="personality_prompt"
        label="Standing instructions"
        rows={4}
        rules={{ maxLength: { value: 20_000, message: 'At most 20,000 characters.' } }}
      />
      <TextareaField
        form={form}
        name="tool_permissions"
        label="Tools it may use"
        rows={3}
        fontFamily="mono"
        spellCheck={false}
        help={'By name, as a JSON object: {"search": true}'}
        rules={{
          validate: (text) => toolsOf(String(text ?? '')) !== undefined || 'This is not a JSON object.',
        }}
      />
    </>
  );
}
