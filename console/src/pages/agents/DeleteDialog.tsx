// Asks before an agent is deleted. Used by `AgentsPage`.
import type { Agent } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useDeleteAgent } from './api';

export function DeleteDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const remove = useDeleteAgent();
  return (
    <ConfirmDialog
      title={`Delete ${agent.name}?`}
      action="Delete agent"
      effects={[
        'It takes no more work, and is in no list any more.',
        'Its name can be used again. Deleting cannot be taken back.',
      ]}
      confirm={async () => {
        await remove.mutateAsync(agent);
        said(`${agent.name} is deleted`);
      }}
      onClose={onClose}
    />
  );
}
