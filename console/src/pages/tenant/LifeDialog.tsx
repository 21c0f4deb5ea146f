// Asks before a change of a tenant's life: what will happen, till when it can be taken back, the slug typed where it is grave.
// Used by `TenantActions`.
import { Field, Textarea } from '@chakra-ui/react';
import { useState } from 'react';
import { idempotencyKey } from '../../api/client';
import type { Tenant } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { exactTime } from '../../ui/format';
import { said } from '../../ui/toast';
import { useLife } from './api';
import { LIFE, type LifeKind } from './life';

interface Props {
  kind: LifeKind;
  tenant: Tenant;
  onClose: () => void;
}

export function LifeDialog({ kind, tenant, onClose }: Props) {
  const [key] = useState(idempotencyKey);
  const [reason, setReason] = useState('');
  const life = useLife();
  const text = LIFE[kind];
  const confirm = async () => {
    const wish = { kind, slug: tenant.slug, reason: reason.trim(), key };
    const { restorable_until: until } = await life.mutateAsync(wish);
    said(
      `${tenant.name} ${text.begun}`,
      until ? `It can be restored until ${exactTime(Date.parse(until))}.` : undefined,
    );
  };
  return (
    <ConfirmDialog
      onClose={onClose}
      title={`${text.verb} ${tenant.name}?`}
      action={`${text.verb} tenant`}
      effects={text.effects}
      danger={text.danger}
      confirm={confirm}
      word={text.typed ? tenant.slug : undefined}
    >
      {text.reason && (
        <Field.Root>
          <Field.Label>Reason</Field.Label>
          <Textarea
            size="sm"
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <Field.HelperText>Optional. It stands in the tenant's audit trail.</Field.HelperText>
        </Field.Root>
      )}
    </ConfirmDialog>
  );
}
