// What differs from the report before, over the same scope. Used by `ReportPage`.
import { Badge, Box, Link as ChakraLink, Heading, HStack, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { IsolationReport } from '../../api/types';
import { RelativeTime } from '../../ui/Time';
import { useReport, useReports } from './api';
import { type Change, compare, LAYERS, reportBefore } from './compare';

const LOOKS: Record<Change['kind'], [word: string, palette: string]> = {
  opened: ['Opened', 'red'],
  gone: ['Not checked', 'orange'],
  closed: ['Closed', 'green'],
  new: ['New', 'blue'],
  counted: ['Counts', 'gray'],
};

export function Comparison({ report }: { report: IsolationReport }) {
  const reports = useReports(200);
  const found = reports.data && reportBefore(report, reports.data.items);
  if (!reports.data) return null;
  return (
    <Box as="section" aria-label="Compared with the report before">
      <Heading as="h2" size="sm" fontWeight="semibold" mb="2">
        Compared with the report before
      </Heading>
      {found ? (
        <Changes report={report} id={found.id} />
      ) : (
        <Text color="fg.muted">There is none before this over the same scope.</Text>
      )}
    </Box>
  );
}

function Changes({ report, id }: { report: IsolationReport; id: string }) {
  // The list may leave the checks out: the report itself has them.
  const { data: before } = useReport(id);
  if (!before) return null;
  const changes = compare(report, before);
  return (
    <Stack gap="3">
      <Text color="fg.muted">
        <ChakraLink asChild variant="underline">
          <Link to="/isolation/$id" params={{ id }}>
            The one before
          </Link>
        </ChakraLink>
        , <RelativeTime at={before.requested_at} />
        {before.software === report.software ? ', with the same software' : `, with ${before.software}`}.
        {changes.length === 0 && ' Every check came out the same.'}
      </Text>
      {changes.length > 0 && (
        <Stack as="ul" gap="0" listStyleType="none" borderWidth="1px" rounded="lg" bg="bg.panel">
          {changes.map((change) => (
            <HStack
              as="li"
              key={change.kind + change.layer + change.name}
              px="4"
              py="2"
              gap="3"
              borderBottomWidth="1px"
              _last={{ borderBottomWidth: 0 }}
              wrap="wrap"
            >
              <Badge colorPalette={LOOKS[change.kind][1]} variant="subtle" minW="20" justifyContent="center">
                {LOOKS[change.kind][0]}
              </Badge>
              <Text fontFamily="mono" textStyle="xs">
                {LAYERS[change.layer].name.toLowerCase()} / {change.name}
              </Text>
              <Text color="fg.muted" ms={{ md: 'auto' }}>
                {change.text}
              </Text>
            </HStack>
          ))}
        </Stack>
      )}
    </Stack>
  );
}
