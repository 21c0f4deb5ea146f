// Every check of a report by layer: its promise, what was examined, what is open, with the evidence. Used by `ReportPage`.
import { Accordion, Box, Heading, HStack, List, Stack, Text } from '@chakra-ui/react';
import type { IsolationReport } from '../../api/types';
import { count } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { byLayer, type Check, LAYERS } from './compare';

export function Checks({ report }: { report: IsolationReport }) {
  return (
    <Stack gap="6">
      {byLayer(report).map(([layer, checks]) => (
        <Box as="section" key={layer} aria-label={LAYERS[layer].name}>
          <HStack justify="space-between" mb="1">
            <Heading as="h2" size="sm" fontWeight="semibold">
              {LAYERS[layer].name}
            </Heading>
            <Text color="fg.muted" textStyle="xs">
              {checks.filter((check) => check.open === 0).length} of {checks.length} checks hold
            </Text>
          </HStack>
          <Text color="fg.muted" mb="3" maxW="3xl">
            {LAYERS[layer].method}
          </Text>
          <Accordion.Root
            multiple
            collapsible
            size="sm"
            borderWidth="1px"
            rounded="lg"
            bg="bg.panel"
            defaultValue={checks.filter((check) => check.open > 0).map((check) => check.name)}
          >
            {checks.map((check) => (
              <OneCheck key={check.name} check={check} />
            ))}
          </Accordion.Root>
        </Box>
      ))}
    </Stack>
  );
}

function OneCheck({ check }: { check: Check }) {
  return (
    <Accordion.Item value={check.name} px="4" _last={{ borderBottomWidth: 0 }} data-check={check.name}>
      <Accordion.ItemTrigger>
        <StatusBadge
          status={check.open === 0 ? 'ok' : 'failing'}
          label={check.open === 0 ? 'Holds' : `${count(check.open)} open`}
        />
        <Text flex="1" textAlign="start" minW="0">
          {check.promise}
        </Text>
        <Accordion.ItemIndicator />
      </Accordion.ItemTrigger>
      <Accordion.ItemContent>
        <Accordion.ItemBody>
          <Stack gap="2">
            <Text color="fg.muted">
              <Text as="span" fontFamily="mono">
                {check.name}
              </Text>
              : {count(check.examined)} examined, {count(check.held)} as they must be, {count(check.open)}{' '}
              open.
            </Text>
            {check.evidence.length > 0 && (
              <List.Root ps="4" gap="1">
                {check.evidence.map((line) => (
                  <List.Item key={line} fontFamily="mono" textStyle="xs" overflowWrap="anywhere">
                    {line}
                  </List.Item>
                ))}
              </List.Root>
            )}
            {check.open > check.evidence.length && (
              <Text color="fg.muted">And {count(check.open - check.evidence.length)} more.</Text>
            )}
          </Stack>
        </Accordion.ItemBody>
      </Accordion.ItemContent>
    </Accordion.Item>
  );
}
