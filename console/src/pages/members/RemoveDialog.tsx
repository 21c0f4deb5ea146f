// Asks before somebody is removed from the workspace. Used by `MembersPage`.
import type { Member } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useMember } from '../tenant-side/useMember';
import { useRemoveMember } from './api';

export function RemoveDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const who = useMember();
  const remove = useRemoveMember();
  const name = member.name || member.email;
  return (
    <ConfirmDialog
      title={`Remove ${name}?`}
      action="Remove member"
      effects={[
        `They are refused in ${who.workspace} at once, on every server.`,
        'What they had invited ends with them.',
        'API keys that they made go on: revoke what should end.',
        'They come back only by a new invitation.',
      ]}
      confirm={async () => {
        await remove.mutateAsync(member);
        said(`${name} is no member any more`);
      }}
      onClose={onClose}
    />
  );
}
