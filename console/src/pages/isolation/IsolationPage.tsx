// Isolation at a glance: what was refused, what got behind, the newest proof; the feed of refusals, the reports, and a new proof.
import { Button, Stack } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { Tabs } from '../../ui/Tabs';
import { Counters } from './Counters';
import { ProveDialog } from './ProveDialog';
import { Refusals } from './Refusals';
import { ReportsTable } from './ReportsTable';

const route = getRouteApi('/shell/operator/isolation/');

export function IsolationPage() {
  const who = useWho();
  const { cursor } = route.useSearch();
  const [asking, setAsking] = useState(false);
  const prove = may(who, 'ProveIsolation') && (
    <Button size="sm" onClick={() => setAsking(true)}>
      <Icon as={ShieldCheck} /> Run the proof
    </Button>
  );
  return (
    <Page
      title="Isolation"
      lead="No tenant reaches another one's rows. This is what was tried, what was refused, and the proof."
      actions={prove}
    >
      <Stack gap="6">
        <Counters />
        <Tabs
          label="Isolation"
          tabs={[
            {
              value: 'reports',
              label: 'Reports',
              content: <ReportsTable cursor={cursor} action={prove} />,
            },
            { value: 'refusals', label: 'Refusals', content: <Refusals /> },
          ]}
        />
      </Stack>
      {asking && <ProveDialog onClose={() => setAsking(false)} />}
    </Page>
  );
}
