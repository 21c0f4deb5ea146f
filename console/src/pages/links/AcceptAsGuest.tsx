// Accepts an invitation without being signed in: with a new account, or the password of the one there is; then signs in. Used by `AcceptPage`.
import { Button, SegmentGroup, Stack } from '@chakra-ui/react';
import { useNavigate } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import type { Shape } from '../../api/types';
import { goTo, signIn } from '../../session/session';
import { homeOf } from '../../session/who';
import { TextField } from '../../ui/form';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { useSend } from '../../ui/useDeed';
import { acceptInvitation } from './api';
import { Offer, type Preview } from './Offer';
import { PasswordField } from './PasswordField';
import { Outcome, PublicFrame, ToSignIn } from './PublicFrame';

interface Values {
  email: string;
  name: string;
  password: string;
}

interface Props {
  token: string;
  offer: Preview | undefined;
  onProblem: (thrown: unknown) => void;
}

type Made = Shape<'NewMembership'>;

export function AcceptAsGuest({ token, offer, onProblem }: Props) {
  const [fresh, setFresh] = useState(true);
  const [made, setMade] = useState<Made | null>(null);
  const navigate = useNavigate();
  const form = useForm<Values>({ defaultValues: { email: offer?.email ?? '', name: '', password: '' } });
  const enter = async ({ email, password }: Values, { tenant, workspace }: Made) => {
    const first = await signIn({ email: email.trim(), password, operator: false });
    if (first.status !== 'in') return;
    const now = await goTo({ tenant, workspace });
    if (now.status === 'in') await navigate({ href: homeOf(now.who) });
  };
  const { onSubmit, busy, problem } = useSend(form, async (values) => {
    const { name, password } = values;
    let membership: Made;
    try {
      membership = await acceptInvitation({ token, password, ...(fresh ? { name: name.trim() } : {}) });
    } catch (thrown) {
      onProblem(thrown);
      throw thrown;
    }
    // The link is used now, whatever comes of the sign-in: an address that was mistyped is told on the next page.
    await enter(values, membership).catch(() => setMade(membership));
  });
  if (made) return <Accepted made={made} />;
  return (
    <PublicFrame title="Accept the invitation" lead="Become a member with an account of your own.">
      <form onSubmit={onSubmit} noValidate aria-label="Accept the invitation">
        <Stack gap="4">
          {offer && <Offer offer={offer} />}
          <Segments fresh={fresh} onChange={setFresh} />
          {problem ? <ProblemHelp compact error={problem} /> : null}
          <TextField
            form={form}
            name="email"
            label="Email"
            type="email"
            autoComplete="username"
            help="The address that the invitation was sent to."
            readOnly={offer !== undefined}
            rules={{ required: 'Enter your address.' }}
          />
          {fresh && (
            <TextField
              form={form}
              name="name"
              label="Name"
              autoComplete="name"
              help="As the other members see you."
              rules={{ required: 'Enter your name.' }}
            />
          )}
          <PasswordField form={form} name="password" fresh={fresh} />
          <Button type="submit" loading={busy} loadingText="Accepting">
            Accept and sign in
          </Button>
        </Stack>
      </form>
    </PublicFrame>
  );
}

function Segments({ fresh, onChange }: { fresh: boolean; onChange: (fresh: boolean) => void }) {
  return (
    <SegmentGroup.Root
      size="sm"
      w="full"
      value={fresh ? 'fresh' : 'known'}
      onValueChange={(change) => onChange(change.value === 'fresh')}
      aria-label="Your account"
    >
      <SegmentGroup.Indicator />
      {[
        ['fresh', 'I am new here'],
        ['known', 'I have an account'],
      ].map(([value = '', label]) => (
        <SegmentGroup.Item key={value} value={value} flex="1" justifyContent="center">
          <SegmentGroup.ItemText>{label}</SegmentGroup.ItemText>
          <SegmentGroup.ItemHiddenInput />
        </SegmentGroup.Item>
      ))}
    </SegmentGroup.Root>
  );
}

function Accepted({ made }: { made: Made }) {
  return (
    <PublicFrame title="Invitation">
      <Outcome
        icon={CircleCheck}
        title={`You are ${made.role} of ${made.workspace} in ${made.tenant_name}`}
        action={<ToSignIn to={`/t/${made.tenant}`} />}
      >
        Sign in with the address that the invitation was sent to.
      </Outcome>
    </PublicFrame>
  );
}
