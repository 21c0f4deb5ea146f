// Leaves the workspace, and goes where one still is somebody. Used by the members and account pages.
import { useNavigate } from '@tanstack/react-router';
import { goTo } from '../../session/session';
import { homeOf } from '../../session/who';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { failed, said } from '../../ui/toast';
import { useMember } from '../tenant-side/useMember';
import { useLeave } from './api';

export function LeaveDialog({ onClose }: { onClose: () => void }) {
  const who = useMember();
  const navigate = useNavigate();
  const leave = useLeave();
  const confirm = async () => {
    await leave.mutateAsync(undefined);
    onClose();
    try {
      const now = await goTo({});
      if (now.status === 'in') await navigate({ href: homeOf(now.who) });
      said(`You have left ${who.workspace} of ${who.tenantName}`);
    } catch (thrown) {
      failed('You have left, but the next page did not load', thrown);
    }
  };
  return (
    <ConfirmDialog
      onClose={onClose}
      title={`Leave ${who.workspace}?`}
      action="Leave workspace"
      word={who.workspace}
      effects={[
        `You are no member of ${who.workspace} in ${who.tenantName} any more, at once.`,
        'What you had invited ends with you. API keys that you made go on.',
        'Your account and your other workspaces stay.',
        'A workspace keeps an owner: the last one cannot leave.',
      ]}
      confirm={confirm}
    />
  );
}
