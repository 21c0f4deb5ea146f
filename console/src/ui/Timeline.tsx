// What happened one after the other, each with its status. Used by runs and audit.
import { Timeline as ChakraTimeline, HStack, Text } from '@chakra-ui/react';
import type { ReactNode } from 'react';
import { StatusBadge } from './StatusBadge';

export interface TimelineEntry {
  id: string;
  title: ReactNode;
  status?: string;
  /** On the right: a duration or a time. */
  aside?: ReactNode;
  detail?: ReactNode;
}

export function Timeline({ entries, label }: { entries: TimelineEntry[]; label: string }) {
  return (
    <ChakraTimeline.Root size="sm" role="list" aria-label={label}>
      {entries.map((entry) => (
        <ChakraTimeline.Item key={entry.id} role="listitem">
          <ChakraTimeline.Connector>
            <ChakraTimeline.Separator />
            <ChakraTimeline.Indicator bg="bg.emphasized" />
          </ChakraTimeline.Connector>
          <ChakraTimeline.Content>
            <HStack justify="space-between" gap="3" wrap="wrap">
              <HStack gap="2" minW="0">
                <ChakraTimeline.Title>{entry.title}</ChakraTimeline.Title>
                {entry.status && <StatusBadge status={entry.status} />}
              </HStack>
              {entry.aside && (
                <Text as="div" color="fg.muted" textStyle="xs">
                  {entry.aside}
                </Text>
              )}
            </HStack>
            {entry.detail && (
              <ChakraTimeline.Description as="div" overflowWrap="anywhere">
                {entry.detail}
              </ChakraTimeline.Description>
            )}
          </ChakraTimeline.Content>
        </ChakraTimeline.Item>
      ))}
    </ChakraTimeline.Root>
  );
}
