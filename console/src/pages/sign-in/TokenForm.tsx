// The operator token of the configuration, which `tenantry dev` prints. Used by `SignInPage`.
import { Button, Stack } from '@chakra-ui/react';
import { useForm } from 'react-hook-form';
import { type SessionState, signInWithToken } from '../../session/session';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { useSend } from '../../ui/useDeed';

interface Props {
  onIn: (now: SessionState) => void;
  onPassword: () => void;
}

export function TokenForm({ onIn, onPassword }: Props) {
  const form = useForm({ defaultValues: { token: '' } });
  const { onSubmit, busy, problem } = useSend(form, async ({ token }) => {
    const now = await signInWithToken(token.trim());
    if (now.status === 'in') return onIn(now);
    const wrong = { message: 'This is not the operator token of this server.' };
    form.setError('token', wrong, { shouldFocus: true });
  });
  return (
    <form onSubmit={onSubmit} noValidate aria-label="Sign in with the operator token">
      <Stack gap="4">
        {problem ? <ProblemHelp compact error={problem} /> : null}
        <TextField
          form={form}
          name="token"
          label="Operator token"
          type="password"
          autoComplete="off"
          autoFocus
          fontFamily="mono"
          help="The one of the configuration; tenantry dev prints it. It stays in this tab and is forgotten when the tab is closed."
          rules={{ required: 'Paste the token.' }}
        />
        <Button type="submit" loading={busy} loadingText="Signing in">
          Sign in
        </Button>
        <Button variant="plain" size="sm" color="fg.muted" onClick={onPassword}>
          Use email and password instead
        </Button>
      </Stack>
    </form>
  );
}
