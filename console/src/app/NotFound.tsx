// An address that leads nowhere, or nowhere for this person: one page for both. Used by the router.
import { Box, Button } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { EmptyState } from '../ui/EmptyState';
import { Page } from '../ui/Page';

export function NotFound() {
  return (
    <Box p={{ base: '4', md: '8' }}>
      <Page title="Page not found">
        <EmptyState
          icon={Compass}
          title="Nothing is at this address"
          action={
            <Button asChild size="sm">
              <Link to="/">Go to the start</Link>
            </Button>
          }
        >
          It may have been removed, or it is not yours to see.
        </EmptyState>
      </Page>
    </Box>
  );
}
