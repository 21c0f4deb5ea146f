// The list as a CSV file, with the filters that are set. Reads `GET /v1/tenants/export`. Used by `TenantsPage`.
import { Button } from '@chakra-ui/react';
import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { download, pathWith } from '../../api/download';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';
import type { TenantFilter } from './words';

export function ExportList({ filter }: { filter: TenantFilter }) {
  const save = useMutation({
    mutationFn: () => download(pathWith('/v1/tenants/export', { ...filter }), 'tenants.csv'),
    onError: (thrown) => failed('Not exported', thrown),
  });
  return (
    <Button variant="ghost" size="sm" loading={save.isPending} onClick={() => save.mutate()}>
      <Icon as={Download} /> Export CSV
    </Button>
  );
}
