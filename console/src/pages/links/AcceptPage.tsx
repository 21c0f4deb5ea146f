// Behind the link of an invitation: become a member, with the account one has or a new one. `/accept-invitation#token=…`.
import { Button, Skeleton } from '@chakra-ui/react';
import { Link2Off } from 'lucide-react';
import { useState } from 'react';
import { asProblem } from '../../api/problem';
import { useSession } from '../../session/session';
import { AcceptAsGuest } from './AcceptAsGuest';
import { AcceptAsSelf } from './AcceptAsSelf';
import { isPerson } from './api';
import { Outcome, PublicFrame, ToSignIn } from './PublicFrame';
import { useLinkToken } from './token';
import { usePreview } from './usePreview';

export function AcceptPage() {
  const token = useLinkToken();
  const session = useSession();
  // The look after which accepting was refused: a later one may find it open.
  const [refused, setRefused] = useState(0);
  const { offer, isShut, look, isLooking, lookAgain } = usePreview(token);
  // Used, revoked, expired and unknown links get one and the same answer.
  const onProblem = (thrown: unknown) => {
    if (asProblem(thrown).code === 'not_found') setRefused(look);
  };
  if (!token || isShut || (refused > 0 && refused === look))
    return (
      <PublicFrame title="Invitation">
        <Outcome icon={Link2Off} title="This link opens nothing" action={<ToSignIn />}>
          {token
            ? 'It was used, revoked, or is too old. Ask whoever invited you for a new one. If you have accepted it before, sign in.'
            : 'Open the link of the invitation once more, whole, as it came to you.'}
        </Outcome>
        {/* A tenant that is still being made opens its links when it is there. */}
        {token && (
          <Button variant="ghost" size="sm" loading={isLooking} onClick={lookAgain}>
            Look again
          </Button>
        )}
      </PublicFrame>
    );
  if (look === 0)
    return (
      <PublicFrame title="Invitation">
        <Skeleton h="24" aria-busy />
      </PublicFrame>
    );
  if (session.status === 'in' && isPerson())
    return <AcceptAsSelf token={token} offer={offer} who={session.who} onProblem={onProblem} />;
  return <AcceptAsGuest token={token} offer={offer} onProblem={onProblem} />;
}
