// What can be done with one agent; the page asks. Used by the columns.
import type { Agent } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import type { Ask } from '../../ui/table/useAsked';

export type AgentDeed = 'change' | 'delete';

export function RowMenu({ agent, onAsk }: { agent: Agent; onAsk: Ask<AgentDeed, Agent> }) {
  return (
    <ActionMenu
      of={agent.name}
      choices={[
        { value: 'change', label: 'Change' },
        { value: 'delete', label: 'Delete', danger: true },
      ]}
      onChoose={(does: AgentDeed) => onAsk(does, agent)}
    />
  );
}
