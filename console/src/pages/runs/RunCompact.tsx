// The steps of a run in a dense table, with starts counted from the wish. Used by `RunPage`.
import { Box, Table, Text } from '@chakra-ui/react';
import type { Run } from '../../api/types';
import { duration } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { Duration } from '../../ui/Time';

export function RunCompact({ run }: { run: Run }) {
  const wish = Date.parse(run.created_at);
  return (
    <Box
      borderWidth="1px"
      rounded="lg"
      overflowX="auto"
      bg="bg.panel"
      tabIndex={0}
      role="region"
      aria-label="Steps, compact"
    >
      <Table.Root
        size="sm"
        fontVariantNumeric="tabular-nums"
        css={{ '& tbody tr:last-of-type td': { borderBottomWidth: '0' } }}
      >
        <Table.Header>
          <Table.Row bg="bg.subtle">
            {['Step', 'Status', 'Attempts', 'Began after', 'Took', 'What it did'].map((name) => (
              <Table.ColumnHeader key={name} color="fg.muted" textStyle="xs" whiteSpace="nowrap">
                {name}
              </Table.ColumnHeader>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {run.steps.map((step) => (
            <Table.Row key={step.name}>
              <Table.Cell fontFamily="mono" textStyle="xs">
                {step.name}
              </Table.Cell>
              <Table.Cell>
                <StatusBadge status={step.status} />
              </Table.Cell>
              <Table.Cell>{step.attempts}</Table.Cell>
              <Table.Cell whiteSpace="nowrap">
                {step.started_at ? `+ ${duration(Math.max(0, Date.parse(step.started_at) - wish))}` : '–'}
              </Table.Cell>
              <Table.Cell>
                <Duration ms={step.duration_ms} />
              </Table.Cell>
              <Table.Cell minW="48">
                <Text as="span" color={step.error ? 'fg.error' : 'fg.muted'} overflowWrap="anywhere">
                  {step.error ?? step.detail ?? '–'}
                </Text>
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
