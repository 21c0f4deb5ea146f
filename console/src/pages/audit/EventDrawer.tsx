// One audit event whole: who, what, from where, by which request, and what it changed. Used by `AuditPage`.
import { Button, CloseButton, Drawer, Heading, HStack, Portal, Stack, Text } from '@chakra-ui/react';
import type { AuditEvent } from '../../api/types';
import { CopyButton, CopyId } from '../../ui/Copy';
import { exactTime } from '../../ui/format';
import { KeyValue } from '../../ui/KeyValue';
import { RelativeTime } from '../../ui/Time';
import { useTableSearch } from '../../ui/table/useTableSearch';
import { actorOf } from './api';
import { Diff } from './Diff';

interface Props {
  event: AuditEvent | undefined;
  names: Map<string, string>;
  onClose: () => void;
}

export function EventDrawer({ event, names, onClose }: Props) {
  return (
    <Drawer.Root
      open={event !== undefined}
      onOpenChange={(change) => !change.open && onClose()}
      size={{ base: 'full', md: 'md' }}
      lazyMount
      unmountOnExit
    >
      <Portal>
        <Drawer.Backdrop />
        <Drawer.Positioner>
          <Drawer.Content>{event && <Whole event={event} names={names} />}</Drawer.Content>
        </Drawer.Positioner>
      </Portal>
    </Drawer.Root>
  );
}

function Whole({ event, names }: { event: AuditEvent; names: Map<string, string> }) {
  return (
    <>
      <Drawer.Header>
        <Stack gap="0.5" minW="0" pe="8">
          <Drawer.Title overflowWrap="anywhere">{event.action}</Drawer.Title>
          <Text color="fg.muted" textStyle="xs">
            {exactTime(Date.parse(event.occurred_at))}
          </Text>
        </Stack>
      </Drawer.Header>
      <Drawer.Body tabIndex={0}>
        <Stack gap="6">
          <KeyValue rows={rowsOf(event, names)} />
          <Stack gap="2">
            <Heading as="h3" size="sm">
              What changed
            </Heading>
            <Diff before={event.before} after={event.after} />
          </Stack>
        </Stack>
      </Drawer.Body>
      <Drawer.Footer justifyContent="space-between" flexWrap="wrap">
        <SameTarget event={event} />
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy event" size="sm" />
      </Drawer.Footer>
      <Drawer.CloseTrigger asChild>
        <CloseButton size="sm" aria-label="Close event" />
      </Drawer.CloseTrigger>
    </>
  );
}

function rowsOf(event: AuditEvent, names: Map<string, string>): [string, React.ReactNode][] {
  const { kind, name } = actorOf(event, names);
  const id = (value: string | null | undefined, label: string) =>
    value ? <CopyId id={value} label={label} /> : <Text color="fg.muted">None</Text>;
  return [
    ['When', <RelativeTime key="when" at={event.occurred_at} />],
    [
      'Actor',
      <Stack key="actor" gap="0" align="flex-start" minW="0">
        <Text>{name ? `${name}, ${kind.toLowerCase()}` : kind}</Text>
        <CopyId id={event.actor} label="actor" />
      </Stack>,
    ],
    ['Target', id(event.target, 'target')],
    ['Tenant', event.tenant_id ? id(event.tenant_id, 'tenant id') : 'Platform'],
    ['Workspace', id(event.workspace_id, 'workspace id')],
    ['Request', id(event.request_id, 'request id')],
    ['Address', id(event.address, 'address')],
    ['Event', id(event.id, 'event id')],
    [
      'Seal',
      event.sealed ? (
        <HStack key="seal" gap="2" wrap="wrap">
          <Text>Number {event.seq}</Text>
          <CopyId id={event.hash ?? ''} label="hash" short />
        </HStack>
      ) : (
        'Not sealed yet. It takes about a second.'
      ),
    ],
  ];
}

function SameTarget({ event }: { event: AuditEvent }) {
  const { filter } = useTableSearch();
  const { target } = event;
  if (!target || target === '-') return <span />;
  return (
    <Button size="sm" variant="outline" onClick={() => filter({ target, event: undefined })}>
      All on this target
    </Button>
  );
}
