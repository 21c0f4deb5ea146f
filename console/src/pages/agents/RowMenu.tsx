// What can be done with one agent: change, delete. Used by the columns.
import { useState } from 'react';
import type { Agent } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { AgentDialog } from './AgentDialog';
import { useDeleteAgent } from './api';

export function RowMenu({ agent }: { agent: Agent }) {
  const [open, setOpen] = useState<'change' | 'delete' | null>(null);
  const remove = useDeleteAgent();
  return (
    <>
      <ActionMenu
        of={agent.name}
        choices={[
          { value: 'change', label: 'Change' },
          { value: 'delete', label: 'Delete', danger: true },
        ]}
        onChoose={setOpen}
      />
      {open === 'change' && <AgentDialog agent={agent} onClose={() => setOpen(null)} />}
      {open === 'delete' && (
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
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
