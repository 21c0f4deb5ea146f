// Parts of the dialog of a bulk change: its fields, its progress, and who is left out. Used by `BulkDialog`.
import { Box, Field, HStack, NativeSelect, Progress, Stack, Text, Textarea } from '@chakra-ui/react';
import type { Tenant, Tier } from '../../api/types';
import { counted, sentence } from '../../ui/format';
import type { useBulk } from './useBulk';
import { TIERS } from './words';

export function TierField({ tier, onChange }: { tier: Tier; onChange: (tier: Tier) => void }) {
  return (
    <Field.Root>
      <Field.Label>New tier</Field.Label>
      <NativeSelect.Root size="sm">
        <NativeSelect.Field value={tier} onChange={(event) => onChange(event.target.value as Tier)}>
          {TIERS.map((one) => (
            <option key={one} value={one}>
              {sentence(one)}
            </option>
          ))}
        </NativeSelect.Field>
        <NativeSelect.Indicator />
      </NativeSelect.Root>
    </Field.Root>
  );
}

export function ReasonField({ reason, onChange }: { reason: string; onChange: (reason: string) => void }) {
  return (
    <Field.Root>
      <Field.Label>Reason</Field.Label>
      <Textarea size="sm" maxLength={500} value={reason} onChange={(event) => onChange(event.target.value)} />
      <Field.HelperText>
        Optional. It stands in the audit trail of each tenant, which its admins read.
      </Field.HelperText>
    </Field.Root>
  );
}

interface TallyProps {
  bulk: ReturnType<typeof useBulk>;
  /** `suspended`. */
  past: string;
  total: number;
}

export function Tally({ bulk, past, total }: TallyProps) {
  const { done, failed } = bulk.tally;
  return (
    <Progress.Root value={done + failed} max={total} size="sm" aria-label="Progress">
      <HStack justify="space-between" mb="1.5">
        <Text aria-live="polite">
          {counted(done, 'tenant')} {past}
          {failed > 0 && `, ${failed} failed`}
        </Text>
        <Text color="fg.muted" textStyle="xs">
          {done + failed} of {total}
        </Text>
      </HStack>
      <Progress.Track>
        <Progress.Range />
      </Progress.Track>
    </Progress.Root>
  );
}

export function LeftOut({ rows }: { rows: { tenant: Tenant; why: string }[] }) {
  return (
    <Box>
      <Text color="fg.muted">{counted(rows.length, 'tenant')} left out</Text>
      <Stack as="ul" gap="0" listStyleType="none" aria-label="Left out">
        {rows.map(({ tenant, why }) => (
          <HStack as="li" key={tenant.slug} justify="space-between" gap="3" minH="8">
            <Text truncate>{tenant.name}</Text>
            <Text color="fg.muted" textStyle="xs" flexShrink="0">
              {why}
            </Text>
          </HStack>
        ))}
      </Stack>
    </Box>
  );
}
