// Behind the link of an invitation: become a member, with the account one has or a new one. `/accept-invitation#token=…`.
import { Button, Skeleton } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link2Off } from 'lucide-react';
import { useState } from 'react';
import { asProblem } from '../../api/problem';
import { useSession } from '../../session/session';
import { AcceptAsGuest } from './AcceptAsGuest';
import { AcceptAsSelf } from './AcceptAsSelf';
import { isPerson, previewInvitation } from './api';
import { Outcome, PublicFrame, ToSignIn } from './PublicFrame';
import { useLinkToken } from './token';

/** How long the form waits for what it would show. */
const PATIENCE_MS = 4_000;

export function AcceptPage() {
  const token = useLinkToken();
  const session = useSession();
  const [closed, setClosed] = useState<string>();
  const preview = useQuery({
    // By the token alone it would be found again by whoever uses this tab next.
    queryKey: ['invitation-preview', token],
    queryFn: ({ signal }) =>
      previewInvitation(token ?? '', AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])),
    enabled: Boolean(token),
    retry: false,
    networkMode: 'always',
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const isShut = preview.isError && asProblem(preview.error).code === 'not_found';
  // Used, revoked, expired and unknown links get one and the same answer.
  const onProblem = (thrown: unknown) => {
    if (asProblem(thrown).code === 'not_found') setClosed(token);
  };
  // The token is kept: a tenant that is still being made opens its links when it is there.
  const lookAgain = () => void preview.refetch().then(({ isSuccess }) => isSuccess && setClosed(undefined));
  if (!token || closed === token || isShut)
    return (
      <PublicFrame title="Invitation">
        <Outcome icon={Link2Off} title="This link opens nothing" action={<ToSignIn />}>
          {token
            ? 'It was used, revoked, or is too old. Ask whoever invited you for a new one. If you have accepted it before, sign in.'
            : 'Open the link of the invitation once more, whole, as it came to you.'}
        </Outcome>
        {token && (
          <Button variant="ghost" size="sm" loading={preview.isFetching} onClick={lookAgain}>
            Look again
          </Button>
        )}
      </PublicFrame>
    );
  if (preview.isPending)
    return (
      <PublicFrame title="Invitation">
        <Skeleton h="24" aria-busy />
      </PublicFrame>
    );
  // What cannot be shown can be accepted all the same.
  const offer = preview.data;
  if (session.status === 'in' && isPerson())
    return <AcceptAsSelf token={token} offer={offer} who={session.who} onProblem={onProblem} />;
  return <AcceptAsGuest token={token} offer={offer} onProblem={onProblem} />;
}
