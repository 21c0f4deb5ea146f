// Address and password, as a member of a tenant or as an operator. Used by `SignInPage`.
import { Button, Checkbox, SegmentGroup, Stack } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { type Credentials, type SessionState, signIn } from '../../session/session';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { useSend } from '../../ui/useDeed';

interface Props {
  onIn: (now: SessionState) => void;
  onToken: () => void;
}

const LAST = 'tenantry.sign-in-as';

export function PasswordForm({ onIn, onToken }: Props) {
  const form = useForm<Credentials>({
    defaultValues: { email: '', password: '', operator: localStorage.getItem(LAST) === 'operator' },
  });
  const [shown, setShown] = useState(false);
  const operator = form.watch('operator');
  const { onSubmit, busy, problem } = useSend(form, async (values) => {
    localStorage.setItem(LAST, values.operator ? 'operator' : 'member');
    onIn(await signIn({ ...values, email: values.email.trim() }));
  });
  return (
    <form onSubmit={onSubmit} noValidate aria-label="Sign in">
      <Stack gap="4">
        <SegmentGroup.Root
          size="sm"
          w="full"
          value={operator ? 'operator' : 'member'}
          onValueChange={(change) => form.setValue('operator', change.value === 'operator')}
          aria-label="Sign in as"
        >
          <SegmentGroup.Indicator />
          {[
            ['member', 'Member'],
            ['operator', 'Operator'],
          ].map(([value = '', label]) => (
            <SegmentGroup.Item key={value} value={value} flex="1" justifyContent="center">
              <SegmentGroup.ItemText>{label}</SegmentGroup.ItemText>
              <SegmentGroup.ItemHiddenInput />
            </SegmentGroup.Item>
          ))}
        </SegmentGroup.Root>
        {problem ? <ProblemHelp compact error={problem} /> : null}
        <TextField
          form={form}
          name="email"
          label="Email"
          type="email"
          autoComplete="username"
          autoFocus
          rules={{ required: 'Enter your address.' }}
        />
        <TextField
          form={form}
          name="password"
          label="Password"
          type={shown ? 'text' : 'password'}
          autoComplete="current-password"
          rules={{ required: 'Enter your password.' }}
        />
        <Checkbox.Root
          size="sm"
          checked={shown}
          onCheckedChange={(change) => setShown(change.checked === true)}
        >
          <Checkbox.HiddenInput />
          <Checkbox.Control />
          <Checkbox.Label color="fg.muted">Show password</Checkbox.Label>
        </Checkbox.Root>
        <Button type="submit" loading={busy} loadingText="Signing in">
          Sign in
        </Button>
        <Button asChild variant="plain" size="sm" color="fg.muted">
          <Link to="/reset-password">Forgot your password?</Link>
        </Button>
        {operator && (
          <Button variant="plain" size="sm" color="fg.muted" onClick={onToken}>
            Use the operator token instead
          </Button>
        )}
      </Stack>
    </form>
  );
}
