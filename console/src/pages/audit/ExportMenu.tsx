// The sealed events that match the filters, as a file. Reads `GET /v1/audit-events/export`. Used by `AuditPage`.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { download, pathWith } from '../../api/download';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';
import type { AuditFilter } from './filter';

export function ExportMenu({ filter }: { filter: AuditFilter }) {
  const save = useMutation({
    mutationFn: (format: string) =>
      download(pathWith('/v1/audit-events/export', { format, ...filter }), `audit-events.${format}`),
    onError: (thrown) => failed('Not exported', thrown),
  });
  return (
    <Menu.Root
      lazyMount
      positioning={{ placement: 'bottom-end' }}
      onSelect={(choice) => save.mutate(choice.value)}
    >
      <Menu.Trigger asChild>
        <Button size="sm" variant="ghost" loading={save.isPending}>
          <Icon as={Download} /> Export
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content>
            <Menu.Item value="csv">CSV, for spreadsheets</Menu.Item>
            <Menu.Item value="jsonl">JSON Lines, can be verified without the server</Menu.Item>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
