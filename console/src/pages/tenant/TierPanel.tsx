// The tier of a tenant with what it costs, and the way to another. Used by `SettingsTab`.
import { Button, Skeleton, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { useTiers } from '../../api/tiers';
import { sentence } from '../../ui/format';
import { price } from '../../ui/limits';
import { ProblemHelp } from '../../ui/ProblemHelp';
import type { Tagged } from './api';
import { Panel } from './Panel';
import { TierDialog } from './TierDialog';

interface Props {
  base: Tagged;
  allowed: boolean;
  onChange: (changed: Tagged) => void;
  onReload: () => void;
}

export function TierPanel({ base, allowed, onChange, onReload }: Props) {
  const [asking, setAsking] = useState(false);
  const tiers = useTiers();
  const { status, plan_tier } = base.tenant;
  const now = tiers.data?.items.find(({ name }) => name === plan_tier);
  const change = allowed && status !== 'provisioning' && tiers.data && (
    <Button size="xs" variant="outline" onClick={() => setAsking(true)}>
      Change tier
    </Button>
  );
  return (
    <Panel title="Tier" aside={change}>
      {tiers.isError && !tiers.data ? (
        <ProblemHelp compact error={tiers.error} retry={() => void tiers.refetch()} />
      ) : (
        <Text>
          {sentence(plan_tier)}
          {now ? `, ${price(now)}. ` : '. '}
          <Text as="span" color="fg.muted">
            Its limits come from it, but for numbers of the tenant’s own.
          </Text>
          {tiers.isPending && <Skeleton as="span" h="4" w="24" display="inline-block" />}
        </Text>
      )}
      {asking && tiers.data && (
        <TierDialog
          base={base}
          tiers={tiers.data.items}
          onClose={() => setAsking(false)}
          onReload={() => {
            setAsking(false);
            onReload();
          }}
          onDone={(changed) => {
            setAsking(false);
            onChange(changed);
          }}
        />
      )}
    </Panel>
  );
}
