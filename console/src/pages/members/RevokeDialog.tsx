// Asks before an invitation is taken back. Used by `InvitationsPage`.
import type { Invitation } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRevokeInvitation } from './api';

export function RevokeDialog({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const revoke = useRevokeInvitation();
  return (
    <ConfirmDialog
      title={`Revoke the invitation of ${invitation.email}?`}
      action="Revoke invitation"
      effects={['Its link opens nothing any more.', 'You can invite them again.']}
      confirm={async () => {
        await revoke.mutateAsync(invitation);
        said(`The invitation of ${invitation.email} is revoked`);
      }}
      onClose={onClose}
    />
  );
}
