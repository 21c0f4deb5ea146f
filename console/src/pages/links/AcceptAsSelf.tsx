// Accepts an invitation as who is signed in. Used by `AcceptPage`.
import { Button, Stack, Text } from '@chakra-ui/react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { goTo, signOut } from '../../session/session';
import { homeOf, nameOf, type Who } from '../../session/who';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { failed, said } from '../../ui/toast';
import { acceptInvitation } from './api';
import { Offer, type Preview } from './Offer';
import { PublicFrame } from './PublicFrame';

interface Props {
  token: string;
  offer: Preview | undefined;
  who: Who;
  onProblem: (thrown: unknown) => void;
}

export function AcceptAsSelf({ token, offer, who, onProblem }: Props) {
  const navigate = useNavigate();
  const accept = useMutation({
    mutationFn: async () => {
      const made = await acceptInvitation({ token });
      const now = await goTo({ tenant: made.tenant, workspace: made.workspace });
      said(`You are ${made.role} of ${made.workspace} in ${made.tenant_name}`);
      if (now.status === 'in') await navigate({ href: homeOf(now.who) });
    },
    onError: onProblem,
  });
  return (
    <PublicFrame title="Accept the invitation" lead={`You are signed in as ${nameOf(who)}.`}>
      <Stack gap="4">
        {offer && <Offer offer={offer} />}
        {accept.error ? <ProblemHelp compact error={accept.error} /> : null}
        <Text color="fg.muted">
          It works only for the address that it was sent to{who.email ? `: yours is ${who.email}` : ''}.
        </Text>
        <Button loading={accept.isPending} loadingText="Accepting" onClick={() => accept.mutate()}>
          Accept
        </Button>
        <Button
          variant="plain"
          size="sm"
          color="fg.muted"
          onClick={() => void signOut().catch((thrown) => failed('Not signed out', thrown))}
        >
          Use another account
        </Button>
      </Stack>
    </PublicFrame>
  );
}
