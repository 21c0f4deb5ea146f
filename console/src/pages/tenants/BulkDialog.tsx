// Suspends or resumes many tenants, or gives them another tier: says which and what happens, then shows each outcome as it comes. Used by `TenantsPage`.
import { Button, Dialog, List, Portal, Stack } from '@chakra-ui/react';
import { useState } from 'react';
import type { Tenant, Tier } from '../../api/types';
import { counted, sentence } from '../../ui/format';
import { useWayBack } from '../../ui/useWayBack';
import type { BulkKind, BulkWish } from './api';
import { LeftOut, ReasonField, Tally, TierField } from './BulkParts';
import { BulkRow } from './BulkRow';
import { whyNot } from './fit';
import { useBulk } from './useBulk';
import { TIER_EFFECTS } from './words';

const TEXTS = {
  suspend: {
    verb: 'Suspend',
    past: 'suspended',
    effects: [
      'Their requests are refused at once, on every server.',
      'Open psql sessions and connections are ended.',
      'No data is touched. Resuming takes it back at any time.',
    ],
  },
  resume: {
    verb: 'Resume',
    past: 'resumed',
    effects: ['Their fences are looked at, then requests are served again.', 'Suspending takes it back.'],
  },
  tier: {
    verb: 'Change',
    past: 'changed',
    effects: TIER_EFFECTS,
  },
};

interface Props {
  kind: BulkKind;
  rows: Tenant[];
  /** Something was done. */
  onClose: () => void;
  /** Nothing was done: the selection stays. */
  onCancel: () => void;
}

export function BulkDialog({ kind, rows, onClose, onCancel }: Props) {
  const [tier, setTier] = useState<Tier>('starter');
  const [reason, setReason] = useState('');
  const fit = rows.filter((row) => !whyNot(kind, row, tier));
  const unfit = rows.flatMap((tenant) => {
    const why = whyNot(kind, tenant, tier);
    return why ? [{ tenant, why }] : [];
  });
  const bulk = useBulk(fit);
  const wayBack = useWayBack();
  const wish: BulkWish = kind === 'tier' ? { kind, tier } : { kind, reason: reason.trim() };
  const close = () => {
    if (bulk.phase === 'working') return;
    if (bulk.phase === 'asked') onCancel();
    else onClose();
  };
  const { verb, past, effects } = TEXTS[kind];
  const deed = `${verb} ${counted(fit.length, 'tenant')}${kind === 'tier' ? ` to ${sentence(tier)}` : ''}`;
  return (
    <Dialog.Root
      open
      onOpenChange={(change) => !change.open && close()}
      finalFocusEl={wayBack}
      role={kind === 'suspend' ? 'alertdialog' : 'dialog'}
      placement={{ base: 'bottom', sm: 'center' }}
      scrollBehavior="inside"
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header>
              <Dialog.Title>{deed}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body tabIndex={0}>
              <Stack gap="4">
                {bulk.phase === 'asked' && kind === 'tier' && <TierField tier={tier} onChange={setTier} />}
                {bulk.phase === 'asked' && fit.length > 0 && (
                  <>
                    <List.Root ps="4" gap="1">
                      {effects.map((effect) => (
                        <List.Item key={effect}>{effect}</List.Item>
                      ))}
                    </List.Root>
                    {kind !== 'tier' && <ReasonField reason={reason} onChange={setReason} />}
                  </>
                )}
                {bulk.phase !== 'asked' && <Tally bulk={bulk} past={past} total={fit.length} />}
                <Stack as="ul" gap="0" listStyleType="none" aria-label="Tenants">
                  {fit.map((tenant) => (
                    <BulkRow key={tenant.slug} tenant={tenant} outcome={bulk.outcomes[tenant.slug]} />
                  ))}
                </Stack>
                {unfit.length > 0 && <LeftOut rows={unfit} />}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              {bulk.phase === 'asked' && (
                <>
                  <Button size="sm" variant="outline" onClick={close}>
                    Cancel
                  </Button>
                  <Button
                    size="sm"
                    disabled={fit.length === 0}
                    onClick={() => void bulk.go(wish)}
                    {...(kind === 'suspend' ? { colorPalette: 'red' } : {})}
                  >
                    {deed}
                  </Button>
                </>
              )}
              {bulk.phase === 'working' && (
                <Button size="sm" variant="outline" onClick={bulk.stop}>
                  Stop after these
                </Button>
              )}
              {bulk.phase === 'over' && (
                <>
                  {bulk.left > 0 && (
                    <Button size="sm" variant="outline" onClick={() => void bulk.go(wish)}>
                      Try the other {counted(bulk.left, 'tenant')} again
                    </Button>
                  )}
                  <Button size="sm" onClick={close}>
                    Done
                  </Button>
                </>
              )}
            </Dialog.Footer>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}
