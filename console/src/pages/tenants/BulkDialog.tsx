// Suspends or resumes many tenants: says which and what happens, then shows each outcome as it comes. Used by `TenantsPage`.
import {
  Button,
  Dialog,
  Field,
  HStack,
  List,
  Portal,
  Progress,
  Stack,
  Text,
  Textarea,
} from '@chakra-ui/react';
import { useState } from 'react';
import type { Tenant } from '../../api/types';
import { counted, sentence } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import type { BulkKind } from './api';
import { BulkRow } from './BulkRow';
import { useBulk } from './useBulk';

const TEXTS = {
  suspend: {
    fits: 'active',
    effects: [
      'Their requests are refused at once, on every server.',
      'Open psql sessions and connections are ended.',
      'No data is touched. Resuming takes it back at any time.',
    ],
  },
  resume: {
    fits: 'suspended',
    effects: ['Their fences are looked at, then requests are served again.', 'Suspending takes it back.'],
  },
} as const;

interface Props {
  kind: BulkKind;
  rows: Tenant[];
  /** Something was done. */
  onClose: () => void;
  /** Nothing was done: the selection stays. */
  onCancel: () => void;
}

export function BulkDialog({ kind, rows, onClose, onCancel }: Props) {
  const [{ fit, unfit }] = useState(() => ({
    fit: rows.filter((row) => row.status === TEXTS[kind].fits),
    unfit: rows.filter((row) => row.status !== TEXTS[kind].fits),
  }));
  const [reason, setReason] = useState('');
  const bulk = useBulk(kind, fit);
  const close = () => {
    if (bulk.phase === 'working') return;
    if (bulk.phase === 'asked') onCancel();
    else onClose();
  };
  const verb = sentence(kind);
  return (
    <Dialog.Root
      open
      onOpenChange={(change) => !change.open && close()}
      role={kind === 'suspend' ? 'alertdialog' : 'dialog'}
      placement={{ base: 'bottom', sm: 'center' }}
      scrollBehavior="inside"
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header>
              <Dialog.Title>
                {verb} {counted(fit.length, 'tenant')}
              </Dialog.Title>
            </Dialog.Header>
            <Dialog.Body tabIndex={0}>
              <Stack gap="4">
                {bulk.phase === 'asked' && fit.length > 0 && (
                  <>
                    <List.Root ps="4" gap="1">
                      {TEXTS[kind].effects.map((effect) => (
                        <List.Item key={effect}>{effect}</List.Item>
                      ))}
                    </List.Root>
                    <ReasonField reason={reason} onChange={setReason} />
                  </>
                )}
                {bulk.phase !== 'asked' && <Tally bulk={bulk} kind={kind} total={fit.length} />}
                <Stack as="ul" gap="0" listStyleType="none" aria-label="Tenants">
                  {fit.map((tenant) => (
                    <BulkRow key={tenant.slug} tenant={tenant} outcome={bulk.outcomes[tenant.slug]} />
                  ))}
                </Stack>
                {unfit.length > 0 && <LeftOut rows={unfit} fits={TEXTS[kind].fits} />}
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
                    onClick={() => void bulk.go(reason.trim())}
                    {...(kind === 'suspend' ? { colorPalette: 'red' } : {})}
                  >
                    {verb} {counted(fit.length, 'tenant')}
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
                    <Button size="sm" variant="outline" onClick={() => void bulk.go(reason.trim())}>
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

function ReasonField({ reason, onChange }: { reason: string; onChange: (reason: string) => void }) {
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

function Tally({ bulk, kind, total }: { bulk: ReturnType<typeof useBulk>; kind: BulkKind; total: number }) {
  const { done, failed } = bulk.tally;
  const past = kind === 'suspend' ? 'suspended' : 'resumed';
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

function LeftOut({ rows, fits }: { rows: Tenant[]; fits: string }) {
  return (
    <Stack gap="1">
      <Text color="fg.muted">
        {counted(rows.length, 'tenant')} left out: only {fits} ones can be taken.
      </Text>
      {rows.map((tenant) => (
        <HStack key={tenant.slug} justify="space-between" minH="8">
          <Text truncate>{tenant.name}</Text>
          <StatusBadge status={tenant.status} />
        </HStack>
      ))}
    </Stack>
  );
}
