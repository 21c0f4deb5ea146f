// Another password; the other sessions end with it. Used by `AccountPage`.
import { Button, Stack } from '@chakra-ui/react';
import { useForm } from 'react-hook-form';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { useSend } from '../../ui/useDeed';
import { useChangePassword } from './api';
import { Section } from './Section';

const EMPTY = { current_password: '', password: '' };

export function Password({ email }: { email: string | undefined }) {
  const form = useForm({ defaultValues: EMPTY });
  const change = useChangePassword();
  const { onSubmit, busy, problem } = useSend(form, async (values) => {
    await change.mutateAsync(values);
    form.reset(EMPTY);
    said('Your password is changed', 'Your other sessions have ended.');
  });
  return (
    <Section title="Password" lead="A new one ends your other sessions; this one goes on.">
      <form onSubmit={onSubmit} noValidate aria-label="Change password">
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
          <Button type="submit" size="sm" alignSelf="flex-start" loading={busy} loadingText="Changing">
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}
