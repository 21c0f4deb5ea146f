// Proves that a mailbox is one's own. By a button: programs that look into mail open links, too. `/verify-email#token=…`.
import { Button, Stack, Text } from '@chakra-ui/react';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleCheck, Link2Off } from 'lucide-react';
import { asProblem } from '../../api/problem';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { isPerson, proveAddress } from './api';
import { Outcome, PublicFrame, ToSignIn } from './PublicFrame';
import { useLinkToken } from './token';

export function VerifyPage() {
  const token = useLinkToken();
  const prove = useMutation({ mutationFn: proveAddress });
  const problem = prove.error ? asProblem(prove.error) : null;
  const closed = !token || problem?.errors.some((field) => field.pointer === '/token');
  return (
    <PublicFrame title="Confirm your address">
      {prove.isSuccess ? (
        <Outcome icon={CircleCheck} title="Your address is proven" action={<Onward />}>
          You can join tenants that are open to your domain.
        </Outcome>
      ) : closed ? (
        <Outcome icon={Link2Off} title="This link opens nothing" action={<Onward />}>
          It was used, or is older than a day. Signed in, you get another one under Account.
        </Outcome>
      ) : (
        <Stack gap="4">
          {problem && <ProblemHelp compact error={problem} />}
          <Text color="fg.muted">Confirm that the mail came to you.</Text>
          <Button loading={prove.isPending} loadingText="Confirming" onClick={() => prove.mutate(token)}>
            Confirm
          </Button>
        </Stack>
      )}
    </PublicFrame>
  );
}

function Onward() {
  if (!isPerson()) return <ToSignIn to="/account" />;
  return (
    <Button asChild w="full">
      <Link to="/account">Go to your account</Link>
    </Button>
  );
}
