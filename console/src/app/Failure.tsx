// A page that failed: what happened, and another try. The shell stays. Used by the router as the boundary of errors.
import { Box } from '@chakra-ui/react';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { Page } from '../ui/Page';
import { ProblemHelp } from '../ui/ProblemHelp';

export function Failure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Box p={{ base: '4', md: '8' }}>
      <Page title="This page did not load" width="text">
        <ProblemHelp error={error} retry={again} />
      </Page>
    </Box>
  );
}
