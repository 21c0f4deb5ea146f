// The counters of isolation: refusals, what got behind them, the newest proof. Reads `GET /v1/overview`. Used by `IsolationPage`.
import { Link as ChakraLink, SimpleGrid, Skeleton } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { Shape } from '../../api/types';
import { count } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { Figure } from './Summary';

export function Counters() {
  const overview = useQuery({
    queryKey: keys.overview,
    queryFn: ({ signal }) => call(api.GET('/v1/overview', { signal })),
  });
  if (overview.isError && !overview.data)
    return <ProblemHelp compact error={overview.error} retry={() => void overview.refetch()} />;
  if (!overview.data)
    return (
      <SimpleGrid columns={{ base: 2, md: 4 }} gap="3" aria-busy aria-label="Loading">
        {[0, 1, 2, 3].map((figure) => (
          <Skeleton key={figure} h="24" rounded="lg" />
        ))}
      </SimpleGrid>
    );
  const { cross_tenant, isolation } = overview.data;
  return (
    <SimpleGrid columns={{ base: 2, md: 4 }} gap="3" as="section" aria-label="Counters">
      <Figure
        name="Refused in 24 hours"
        value={count(cross_tenant.refused_24h)}
        note="requests for another tenant"
      />
      <Figure
        name="Got behind that"
        value={count(cross_tenant.behind)}
        note={cross_tenant.behind === 0 ? 'must be 0, and is' : 'must be 0: look into it now'}
      />
      <Newest newest={isolation.newest} />
      <Figure
        name="Open in the newest proof"
        value={isolation.newest ? count(isolation.newest.open) : '–'}
        note={isolation.at_work ? 'a proof is at work' : 'of all tenants'}
      />
    </SimpleGrid>
  );
}

function Newest({ newest }: { newest: Shape<'IsolationGlance'>['newest'] }) {
  if (!newest) return <Figure name="Newest proof" value="None" note="of all tenants" />;
  return (
    <Figure
      name="Newest proof"
      value={<StatusBadge status={newest.status} />}
      note={
        <>
          <RelativeTime at={newest.finished_at} />,{' '}
          <ChakraLink asChild variant="underline">
            <Link to="/isolation/$id" params={{ id: newest.id }}>
              open
            </Link>
          </ChakraLink>
        </>
      }
    />
  );
}
