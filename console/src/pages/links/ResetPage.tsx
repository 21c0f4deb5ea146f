// A new password: ask for a link, or set it with the link's token. `/reset-password` and `/reset-password#token=…`.
import { Button, Stack } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { CircleCheck, Link2Off, MailCheck } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { asProblem } from '../../api/problem';
import { sessionState } from '../../session/session';
import { sessionLost } from '../../session/tokens';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { useSend } from '../../ui/useDeed';
import { askForReset, isPerson, setPassword } from './api';
import { PasswordField } from './PasswordField';
import { Aside, Outcome, PublicFrame, ToSignIn } from './PublicFrame';
import { useLinkToken } from './token';

export function ResetPage() {
  const token = useLinkToken();
  const [closed, setClosed] = useState<string>();
  if (token && closed !== token) return <SetNew token={token} onClosed={() => setClosed(token)} />;
  return <Ask closed={closed !== undefined} />;
}

function Ask({ closed }: { closed: boolean }) {
  const form = useForm({ defaultValues: { email: '' } });
  const [asked, setAsked] = useState<string | null>(null);
  const { onSubmit, busy, problem } = useSend(form, async ({ email }) => {
    await askForReset(email.trim());
    setAsked(email.trim());
  });
  if (asked)
    return (
      <PublicFrame title="New password">
        <Outcome icon={MailCheck} title="Look into your mailbox" action={<ToSignIn />}>
          If {asked} belongs to an account, a link is on its way there. It opens once, within an hour. If no
          mail comes, whoever runs this server may not have set up mail: ask them.
        </Outcome>
      </PublicFrame>
    );
  return (
    <PublicFrame title="New password" lead="We mail you a link to set it.">
      <form onSubmit={onSubmit} noValidate aria-label="Ask for a link">
        <Stack gap="4">
          {closed && (
            <Outcome icon={Link2Off} title="This link opens nothing any more">
              It was used, or is older than an hour. Ask for another one.
            </Outcome>
          )}
          {problem ? <ProblemHelp compact error={problem} /> : null}
          <TextField
            form={form}
            name="email"
            label="Email"
            type="email"
            autoComplete="username"
            rules={{ required: 'Enter your address.' }}
          />
          <Button type="submit" loading={busy} loadingText="Asking">
            Send me a link
          </Button>
          <Aside>
            <Link to="/sign-in">Back to the sign-in</Link>
          </Aside>
        </Stack>
      </form>
    </PublicFrame>
  );
}

function SetNew({ token, onClosed }: { token: string; onClosed: () => void }) {
  const form = useForm({ defaultValues: { password: '' } });
  const [done, setDone] = useState(false);
  const { onSubmit, busy, problem } = useSend(form, async ({ password }) => {
    try {
      await setPassword(token, password);
    } catch (thrown) {
      if (asProblem(thrown).errors.some((field) => field.pointer === '/token')) return onClosed();
      throw thrown;
    }
    // All sessions have ended with the old password, also the one of this browser.
    if (sessionState().status === 'in' && isPerson()) sessionLost();
    setDone(true);
  });
  if (done)
    return (
      <PublicFrame title="New password">
        <Outcome icon={CircleCheck} title="Your password is set" action={<ToSignIn />}>
          Wherever you were signed in, you are signed out.
        </Outcome>
      </PublicFrame>
    );
  return (
    <PublicFrame title="New password" lead="It replaces the one until now, and signs you out everywhere.">
      <form onSubmit={onSubmit} noValidate aria-label="Set a new password">
        <Stack gap="4">
          {problem ? <ProblemHelp compact error={problem} /> : null}
          <PasswordField form={form} name="password" fresh />
          <Button type="submit" loading={busy} loadingText="Setting">
            Set password
          </Button>
        </Stack>
      </form>
    </PublicFrame>
  );
}
