// Another password; the other sessions end with it. Used by `AccountPage`.
import { Button, Stack } from '@chakra-ui/react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { TextField, takeErrors } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { useChangePassword } from './api';
import { Section } from './Section';

const EMPTY = { current_password: '', password: '' };

export function Password({ email }: { email: string | undefined }) {
  const form = useForm({ defaultValues: EMPTY });
  const change = useChangePassword();
  const [problem, setProblem] = useState<unknown>(null);
  const submit = form.handleSubmit(async (values) => {
    setProblem(null);
    try {
      await change.mutateAsync(values);
      form.reset(EMPTY);
      said('Your password is changed', 'Your other sessions have ended.');
    } catch (thrown) {
      setProblem(takeErrors(thrown, ['current_password', 'password'], form.setError));
    }
  });
  return (
    <Section title="Password" lead="A new one ends your other sessions; this one goes on.">
      <form onSubmit={submit} noValidate aria-label="Change password">
        <Stack gap="4" maxW="sm">
          {problem ? <ProblemHelp compact error={problem} /> : null}
          {/* So that password managers know whose it is. */}
          <input type="text" autoComplete="username" value={email ?? ''} readOnly hidden />
          <TextField
            form={form}
            name="current_password"
            label="Password until now"
            type="password"
            autoComplete="current-password"
            rules={{ required: 'Enter the one until now.' }}
          />
          <TextField
            form={form}
            name="password"
            label="New password"
            type="password"
            autoComplete="new-password"
            help="10 to 200 characters, and not easy to guess."
            rules={{
              required: 'Enter a new one.',
              minLength: { value: 10, message: 'At least 10 characters.' },
            }}
          />
          <Button
            type="submit"
            size="sm"
            alignSelf="flex-start"
            loading={change.isPending}
            loadingText="Changing"
          >
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
