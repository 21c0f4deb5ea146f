// The counters of isolation: refusals, what got behind, the newest proof. Used by `IsolationPage`.
import { SimpleGrid } from '@chakra-ui/react';
import { useReports } from './api';
import { Figure } from './Summary';

export function Counters() {
  const reports = useReports(20);
  return (
    <SimpleGrid columns={{ base: 2, md: 4 }} gap="3">
      <Figure name="Reports" value={reports.data?.items.length ?? '–'} />
    </SimpleGrid>
  );
}
