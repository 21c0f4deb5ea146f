// A tenant's first page for its members: what is used of what the tier allows, what to do next, where one is, who was let in.
import { Grid, Stack } from '@chakra-ui/react';
import { may } from '../../session/who';
import { Page } from '../../ui/Page';
import { useMember } from '../tenant-side/useMember';
import { LetIn } from './LetIn';
import { Place } from './Place';
import { QuickActions } from './QuickActions';
import { Usage } from './Usage';

export function TenantOverviewPage() {
  const who = useMember();
  return (
    <Page
      title={who.tenantName}
      documentTitle={`${who.tenantName} overview`}
      lead={`You work in the workspace ${who.workspace} as ${who.role}.`}
    >
      <Grid templateColumns={{ base: 'minmax(0, 1fr)', xl: 'minmax(0, 3fr) minmax(0, 2fr)' }} gap="4">
        <Stack gap="4" minW="0">
          <Usage who={who} />
          {may(who, 'ReadAccessGrants') && <LetIn who={who} />}
        </Stack>
        <Stack gap="4" minW="0">
          <QuickActions who={who} />
          <Place who={who} />
        </Stack>
      </Grid>
    </Page>
  );
}
