// Makes the link anew with which the tenant's owner joins, while it has none. Used by `TenantActions`.
import { useState } from 'react';
import { idempotencyKey } from '../../api/client';
import type { Tenant } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { KeyValue } from '../../ui/KeyValue';
import { SecretDialog } from '../../ui/Secret';
import { RelativeTime } from '../../ui/Time';
import { useOwnerInvitation } from './api';

export function OwnerDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [key] = useState(idempotencyKey);
  const invite = useOwnerInvitation(tenant.slug, key);
  if (invite.data) {
    return (
      <SecretDialog
        title={`${invite.data.email} is invited as owner`}
        what="link"
        secret={invite.data.url}
        warning="Shown this once. It opens once, and whoever has it can use it."
        onClose={onClose}
      >
        <KeyValue rows={[['Good until', <RelativeTime key="until" at={invite.data.expires_at} />]]} />
      </SecretDialog>
    );
  }
  return (
    <ConfirmDialog
      onClose={onClose}
      title="Renew the owner's invitation?"
      action="Renew invitation"
      danger={false}
      effects={[
        `A new link is made for ${tenant.admin_email}, and shown here once.`,
        'Links that were made for that before open no more.',
        'This works while the tenant has no owner.',
      ]}
      confirm={() => invite.mutateAsync()}
      // The link takes the place of the question.
      done={() => {}}
    />
  );
}
