// Gives a tenant another tier: which, what of its limits changes, and what happens to what is used. Used by `TierPanel`.
import { Box, Field, List, NativeSelect, Table, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { asProblem } from '../../api/problem';
import type { Tier, TierTerms } from '../../api/types';
import { DialogFrame } from '../../ui/DialogFrame';
import { sentence } from '../../ui/format';
import { type Difference, differences, ownLimits, price } from '../../ui/limits';
import { said } from '../../ui/toast';
import { useDeed } from '../../ui/useDeed';
import { TIER_EFFECTS } from '../tenants/words';
import { type Tagged, useUpdateTenant } from './api';
import { Conflict } from './Conflict';

interface Props {
  base: Tagged;
  tiers: TierTerms[];
  onDone: (changed: Tagged) => void;
  onClose: () => void;
  onReload: () => void;
}

export function TierDialog({ base: { tenant, etag }, tiers, onDone, onClose, onReload }: Props) {
  const others = tiers.filter(({ name }) => name !== tenant.plan_tier);
  const [name, setName] = useState<Tier | undefined>(others[0]?.name);
  const update = useUpdateTenant(tenant.slug);
  const outdated = (thrown: unknown) => asProblem(thrown).status === 412;
  const stale = update.isError && outdated(update.error);
  const then = others.find((tier) => tier.name === name);
  const changes = then ? differences(tenant.limits, then.limits, ownLimits(tenant)) : [];
  const { run, ...deed } = useDeed(
    async (tier: Tier) => {
      const changed = await update.mutateAsync({ body: { plan_tier: tier }, etag });
      said(`Tier changed to ${sentence(tier)}`);
      onDone(changed);
    },
    // A change by somebody else is told in its own words.
    (thrown) => (outdated(thrown) ? null : thrown),
  );
  return (
    <DialogFrame
      {...deed}
      onClose={onClose}
      title={`Change the tier of ${tenant.name}`}
      submit={then ? `Change to ${sentence(then.name)}` : 'Change tier'}
      disabled={!then}
      onSubmit={(event) => {
        event.preventDefault();
        if (then) void run(then.name);
      }}
    >
      {stale && <Conflict onReload={onReload} />}
      <Field.Root>
        <Field.Label>New tier</Field.Label>
        <NativeSelect.Root size="sm">
          <NativeSelect.Field value={name} onChange={(event) => setName(event.target.value as Tier)}>
            {others.map((tier) => (
              <option key={tier.name} value={tier.name}>
                {sentence(tier.name)}, {price(tier)}
              </option>
            ))}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      </Field.Root>
      <Changes rows={changes} />
      <List.Root ps="4" gap="1">
        {TIER_EFFECTS.map((effect) => (
          <List.Item key={effect}>{effect}</List.Item>
        ))}
      </List.Root>
    </DialogFrame>
  );
}

function Changes({ rows }: { rows: Difference[] }) {
  if (rows.length === 0) return <Text color="fg.muted">None of its limits changes.</Text>;
  return (
    <Box borderWidth="1px" rounded="lg" overflowX="auto">
      <Table.Root size="sm" aria-label="What changes">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>Limit</Table.ColumnHeader>
            <Table.ColumnHeader>Now</Table.ColumnHeader>
            <Table.ColumnHeader>Then</Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {rows.map(({ name, now, later, less }) => (
            <Table.Row key={name}>
              <Table.Cell>{name}</Table.Cell>
              <Table.Cell color="fg.muted">{now}</Table.Cell>
              <Table.Cell {...(less ? { color: 'fg.warning' } : {})}>
                {later}
                {less && ', less'}
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
