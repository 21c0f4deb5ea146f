// Requests that named another tenant than their identity's, as the audit trail tells them. Used by `IsolationPage`.
import { Box, Button, Link as ChakraLink, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { ShieldCheck } from 'lucide-react';
import type { AuditEvent } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { EmptyState } from '../../ui/EmptyState';
import { counted } from '../../ui/format';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { RelativeTime } from '../../ui/Time';
import { actorOf, useAuditEvents, useNames } from '../audit/api';
import { REFUSAL } from './api';
import { toldOf } from './refusal';

export function Refusals() {
  const events = useAuditEvents({ action: REFUSAL, limit: 20 });
  const names = useNames();
  if (events.isError && !events.data)
    return <ProblemHelp error={events.error} retry={() => void events.refetch()} />;
  if (!events.data)
    return (
      <Stack gap="3" aria-busy>
        {[0, 1, 2].map((line) => (
          <Skeleton key={line} h="10" />
        ))}
      </Stack>
    );
  const { items, next_cursor } = events.data;
  if (items.length === 0)
    return (
      <Box borderWidth="1px" rounded="lg">
        <EmptyState icon={ShieldCheck} title="No request was refused for naming another tenant">
          Each would be written down here: who asked, which tenant it named, how often, and from where.
        </EmptyState>
      </Box>
    );
  return (
    <Stack gap="3">
      <Stack
        as="ul"
        gap="0"
        listStyleType="none"
        borderWidth="1px"
        rounded="lg"
        bg="bg.panel"
        aria-label="Refusals"
      >
        {items.map((event) => (
          <Refusal key={event.id} event={event} names={names} />
        ))}
      </Stack>
      {next_cursor && (
        <Button asChild size="sm" variant="outline" alignSelf="start">
          <Link to="/audit" search={{ action: REFUSAL }}>
            All refusals in the audit trail
          </Link>
        </Button>
      )}
    </Stack>
  );
}

function Refusal({ event, names }: { event: AuditEvent; names: Map<string, string> }) {
  const { kind, name } = actorOf(event, names);
  const { claimed, requests, own } = toldOf(event);
  return (
    <Box as="li" px="4" py="3" borderBottomWidth="1px" _last={{ borderBottomWidth: 0 }}>
      <HStack justify="space-between" gap="3" align="flex-start" wrap="wrap">
        <Text flex="1 1 18rem" minW="0">
          {name ?? kind} of <Text as="strong">{own}</Text> named{' '}
          <Text as="strong">{claimed.join(', ') || 'another tenant'}</Text> in {counted(requests, 'request')}.{' '}
          <Text as="span" color="fg.muted">
            Refused.
          </Text>
        </Text>
        <Text textStyle="xs" color="fg.muted">
          <RelativeTime at={event.occurred_at} />
        </Text>
      </HStack>
      <HStack gap="3" wrap="wrap" mt="1" textStyle="xs" color="fg.muted">
        <CopyId id={event.actor} label="actor" short />
        {event.address && <CopyId id={event.address} label="address" />}
        <ChakraLink asChild variant="underline">
          <Link to="/audit" search={{ action: REFUSAL, event: event.id }}>
            Open event
          </Link>
        </ChakraLink>
      </HStack>
    </Box>
  );
}
