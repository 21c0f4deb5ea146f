// The command palette: pages, tenants by search, actions; all by keyboard (a combobox with a list). Loaded when it is first opened.
import { Box, Dialog, Input, Portal, Text } from '@chakra-ui/react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Building2 } from 'lucide-react';
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import { signOut } from '../../session/session';
import { may, type Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';
import { setColorMode } from '../colorMode';
import { type Command, commandsFor, matching } from './commands';

interface Tenants {
  tenants: Command[];
  /** Where there are none: whether they are still looked for, or cannot be. */
  looking: boolean;
  away: boolean;
}

/** Tenants whose slug, name or address has the typed text in it. */
function useTenants(who: Who, typed: string): Tenants {
  const wanted = useDeferredValue(typed.trim());
  const query = useQuery({
    queryKey: [...keys.tenants, 'palette', wanted],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/tenants', { params: { query: { q: wanted, limit: 8 } }, signal })),
    enabled: wanted.length > 0 && may(who, 'ReadTenants'),
    placeholderData: keepPreviousData,
  });
  const found = wanted === '' ? [] : (query.data?.items ?? []);
  return {
    tenants: found.map((tenant) => ({
      id: tenant.id,
      group: 'Tenants',
      label: tenant.name,
      detail: `${tenant.slug}, ${tenant.status}`,
      icon: Building2,
      path: `/tenants/${tenant.slug}`,
    })),
    looking: query.isFetching,
    away: query.isError,
  };
}

export function Palette({ who, onClose }: { who: Who; onClose: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const { tenants, looking, away } = useTenants(who, typed);
  const own = useMemo(() => commandsFor(who), [who]);
  const found = [...matching(own, typed), ...tenants];
  const chosen = Math.min(at, found.length - 1);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    if (command.path) void navigate({ to: command.path });
    if (command.act === 'light' || command.act === 'dark') setColorMode(command.act);
    if (command.act === 'sign-out') signOut().catch((thrown) => failed('Not signed out', thrown));
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length > 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % found.length);
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };

  return (
    <Dialog.Root open onOpenChange={(change) => !change.open && onClose()} placement="top" size="md">
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content aria-label="Go to" overflow="hidden">
            <Input
              role="combobox"
              aria-expanded="true"
              aria-controls="palette-list"
              aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
              aria-label={
                may(who, 'ReadTenants') ? 'Find a page, a tenant or an action' : 'Find a page or an action'
              }
              placeholder={
                may(who, 'ReadTenants') ? 'Find a page, a tenant or an action' : 'Find a page or an action'
              }
              size="lg"
              variant="flushed"
              px="4"
              autoComplete="off"
              value={typed}
              onChange={(event) => {
                setTyped(event.target.value);
                setAt(0);
              }}
              onKeyDown={press}
            />
            {found.length === 0 && (
              <Text p="6" color="fg.muted" textAlign="center" role="status">
                {looking
                  ? 'Looking for tenants …'
                  : away
                    ? 'Tenants cannot be looked for now'
                    : 'Nothing found'}
              </Text>
            )}
            <Results found={found} chosen={chosen} run={run} point={setAt} />
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}

interface ResultsProps {
  found: Command[];
  chosen: number;
  run: (command: Command) => void;
  point: (index: number) => void;
}

function Results({ found, chosen, run, point }: ResultsProps) {
  useEffect(() => {
    document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <Box
      id="palette-list"
      role="listbox"
      aria-label="Results"
      maxH="80"
      overflowY="auto"
      p={found.length > 0 ? '2' : '0'}
    >
      {found.map((command, index) => (
        <Box
          key={command.id}
          id={`palette-${index}`}
          role="option"
          aria-selected={index === chosen}
          tabIndex={-1}
          display="flex"
          alignItems="center"
          gap="3"
          px="3"
          minH="10"
          rounded="md"
          cursor="pointer"
          bg={index === chosen ? 'bg.emphasized' : 'transparent'}
          onPointerMove={() => point(index)}
          onClick={() => run(command)}
        >
          {command.icon && <Icon as={command.icon} color="fg.muted" />}
          <Text flex="1" truncate>
            {command.label}
            {command.detail && (
              <Text as="span" color="fg.muted" ms="2">
                {command.detail}
              </Text>
            )}
          </Text>
          <Text textStyle="xs" color="fg.muted">
            {command.group}
          </Text>
        </Box>
      ))}
    </Box>
  );
}
