// Takes an invitation back. Used by the columns of invitations.
import { Button } from '@chakra-ui/react';
import { useState } from 'react';
import type { Invitation } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRevokeInvitation } from './api';

export function RevokeInvitation({ invitation }: { invitation: Invitation }) {
  const [open, setOpen] = useState(false);
  const revoke = useRevokeInvitation();
  return (
    <>
      <Button
        size="xs"
        variant="outline"
        aria-label={`Revoke the invitation of ${invitation.email}`}
        onClick={() => setOpen(true)}
      >
        Revoke
      </Button>
      {open && (
        <ConfirmDialog
          title={`Revoke the invitation of ${invitation.email}?`}
          action="Revoke invitation"
          effects={['Its link opens nothing any more.', 'You can invite them again.']}
          confirm={async () => {
            await revoke.mutateAsync(invitation);
            said(`The invitation of ${invitation.email} is revoked`);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
