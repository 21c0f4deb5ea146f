// Home of operators: what needs attention, the fleet in numbers, what happened last. Without tenants: the way to the first.
import { Button, Stack } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { Attention } from './Attention';
import { overview } from './api';
import { FirstTenant } from './FirstTenant';
import { Fleet } from './Fleet';
import { Recent } from './Recent';

export function HomePage() {
  const mayMake = may(useWho(), 'CreateTenant');
  const glance = useQuery(overview);
  const first = glance.data?.tenants.total === 0;
  return (
    <Page
      title="Home"
      lead="The platform at a glance."
      actions={
        mayMake &&
        !first && (
          <Button asChild size="sm">
            <Link to="/tenants/new">
              <Icon as={Plus} /> New tenant
            </Link>
          </Button>
        )
      }
    >
      <Stack gap="7">
        {first && <FirstTenant mayMake={mayMake} />}
        <Attention />
        {!first && <Fleet />}
        <Recent />
      </Stack>
    </Page>
  );
}
