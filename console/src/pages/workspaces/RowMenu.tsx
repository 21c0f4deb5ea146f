// What can be done with one workspace: work there, make it the default, bring back; rename or archive, which the page asks. Used by the columns.
import { useNavigate } from '@tanstack/react-router';
import type { Workspace } from '../../api/types';
import { goTo } from '../../session/session';
import { homeOf, may } from '../../session/who';
import { ActionMenu, type Choice } from '../../ui/ActionMenu';
import type { Ask } from '../../ui/table/useAsked';
import { failed, said } from '../../ui/toast';
import { useMember } from '../tenant-side/useMember';
import { useChangeWorkspace } from './api';

export type WorkspaceDeed = 'rename' | 'archive';
type Does = WorkspaceDeed | 'go' | 'default' | 'restore';

interface Props {
  workspace: Workspace;
  onAsk: Ask<WorkspaceDeed, Workspace>;
}

function useChoices(workspace: Workspace): Choice<Does>[] {
  const who = useMember();
  const here = who.workspaceId === workspace.id;
  const member = who.memberships.some((one) => one.workspace_id === workspace.id);
  const choices: (Choice<Does> | false)[] = [
    member && !here && !workspace.archived_at && { value: 'go', label: 'Work here' },
  ];
  if (may(who, 'WriteWorkspaces')) {
    choices.push(
      { value: 'rename', label: 'Rename' },
      !workspace.is_default && !workspace.archived_at && { value: 'default', label: 'Make it the default' },
      workspace.archived_at
        ? { value: 'restore', label: 'Bring back' }
        : !workspace.is_default && { value: 'archive', label: 'Archive', danger: true },
    );
  }
  return choices.filter((choice) => choice !== false);
}

export function RowMenu({ workspace, onAsk }: Props) {
  const who = useMember();
  const navigate = useNavigate();
  const change = useChangeWorkspace();
  const { name } = workspace;
  const work = () =>
    goTo({ tenant: who.tenant, workspace: workspace.slug })
      .then((now) => {
        if (now.status === 'in') void navigate({ href: homeOf(now.who) });
      })
      .catch((thrown) => failed('Not switched', thrown));
  const choose = (value: Does) => {
    if (value === 'go') void work();
    if (value === 'rename' || value === 'archive') onAsk(value, workspace);
    if (value === 'default')
      change.mutate(
        { workspace, is_default: true },
        {
          onSuccess: () => said(`${name} is the default now`),
          onError: (thrown) => failed('The default stays', thrown),
        },
      );
    if (value === 'restore')
      change.mutate(
        { workspace, archived: false },
        {
          onSuccess: () => said(`${name} is back`),
          onError: (thrown) => failed('Not brought back', thrown),
        },
      );
  };
  return <ActionMenu of={name} choices={useChoices(workspace)} onChoose={choose} busy={change.isPending} />;
}
