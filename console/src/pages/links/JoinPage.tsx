// Joins a tenant that is open to one's mail domain: at once for who is signed in, by a mailed invitation for others. `/join?tenant=…`.
import { Button, Stack } from '@chakra-ui/react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { MailCheck } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { goTo, useSession } from '../../session/session';
import { homeOf } from '../../session/who';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { said } from '../../ui/toast';
import { useSend } from '../../ui/useDeed';
import { isPerson, join } from './api';
import { Aside, Outcome, PublicFrame, ToSignIn } from './PublicFrame';

const route = getRouteApi('/join');

export function JoinPage() {
  const { tenant = '' } = route.useSearch();
  const session = useSession();
  const navigate = useNavigate();
  const known = session.status === 'in' && isPerson();
  const form = useForm({ defaultValues: { tenant, email: '' } });
  const [told, setTold] = useState<string | null>(null);
  const { onSubmit, busy, problem } = useSend(form, async (values) => {
    const slug = values.tenant.trim();
    const answer = await join(known ? { tenant: slug } : { tenant: slug, email: values.email.trim() });
    if ('detail' in answer) return setTold(answer.detail);
    const now = await goTo({ tenant: answer.tenant, workspace: answer.workspace });
    said(`You are ${answer.role} of ${answer.workspace} in ${answer.tenant_name}`);
    if (now.status === 'in') await navigate({ href: homeOf(now.who) });
  });
  if (told)
    return (
      <PublicFrame title="Join a tenant">
        <Outcome icon={MailCheck} title="Look into your mailbox" action={<ToSignIn />}>
          {told}
        </Outcome>
      </PublicFrame>
    );
  return (
    <PublicFrame title="Join a tenant" lead="For tenants that are open to people of your mail domain.">
      <form onSubmit={onSubmit} noValidate aria-label="Join a tenant">
        <Stack gap="4">
          {problem ? <ProblemHelp compact error={problem} /> : null}
          <TextField
            form={form}
            name="tenant"
            label="Tenant"
            autoComplete="organization"
            autoCapitalize="none"
            spellCheck={false}
            fontFamily="mono"
            help="Its slug, such as acme. Colleagues see it on their overview."
            rules={{ required: 'Enter the slug.' }}
          />
          {!known && (
            <TextField
              form={form}
              name="email"
              label="Email"
              type="email"
              autoComplete="email"
              help="An invitation goes there, if people of its domain may join."
              rules={{ required: 'Enter your address.' }}
            />
          )}
          <Button type="submit" loading={busy} loadingText="Joining">
            Join
          </Button>
          <Aside>
            {known ? (
              <Link to="/choose">Back to your workspaces</Link>
            ) : (
              <Link to="/sign-in">Sign in instead</Link>
            )}
          </Aside>
        </Stack>
      </form>
    </PublicFrame>
  );
}
