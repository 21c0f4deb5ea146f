// What can be done with one workspace: work there, rename, make it the default, archive, bring back. Used by the columns.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import type { Workspace } from '../../api/types';
import { goTo } from '../../session/session';
import { homeOf, may } from '../../session/who';
import { ActionMenu, type Choice } from '../../ui/ActionMenu';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/form';
import { failed, said } from '../../ui/toast';
import { useMember } from '../tenant-side/useMember';
import { useChangeWorkspace } from './api';

type Does = 'go' | 'rename' | 'default' | 'archive' | 'restore';

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

export function RowMenu({ workspace }: { workspace: Workspace }) {
  const who = useMember();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'rename' | 'archive' | null>(null);
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
    if (value === 'rename' || value === 'archive') setOpen(value);
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
  return (
    <>
      <ActionMenu of={name} choices={useChoices(workspace)} onChoose={choose} busy={change.isPending} />
      {open === 'rename' && <RenameDialog workspace={workspace} onClose={() => setOpen(null)} />}
      {open === 'archive' && <ArchiveDialog workspace={workspace} onClose={() => setOpen(null)} />}
    </>
  );
}

interface Props {
  workspace: Workspace;
  onClose: () => void;
}

function ArchiveDialog({ workspace, onClose }: Props) {
  const who = useMember();
  const change = useChangeWorkspace();
  const confirm = async () => {
    const archived = await change.mutateAsync({ workspace, archived: true });
    said(`${workspace.name} is archived`, undefined, {
      label: 'Bring back',
      run: () =>
        void change
          .mutateAsync({ workspace: archived, archived: false })
          .catch((thrown) => failed('Not undone', thrown)),
    });
  };
  return (
    <ConfirmDialog
      title={`Archive ${workspace.name}?`}
      action="Archive workspace"
      word={workspace.slug}
      effects={[
        'Its members and API keys are refused at once, on every server.',
        'Its rows and its slug stay, and it takes no place in your tier.',
        'An owner can bring it back.',
        ...(workspace.id === who.workspaceId ? ['You work in it now: you will have to go elsewhere.'] : []),
      ]}
      confirm={confirm}
      onClose={onClose}
    />
  );
}

function RenameDialog({ workspace, onClose }: Props) {
  const form = useForm({ defaultValues: { name: workspace.name } });
  const change = useChangeWorkspace();
  const send = async ({ name }: { name: string }) => {
    const renamed = await change.mutateAsync({ workspace, name: name.trim() });
    onClose();
    said(`Renamed to ${renamed.name}`, undefined, {
      run: () =>
        void change
          .mutateAsync({ workspace: renamed, name: workspace.name })
          .catch((thrown) => failed('Not undone', thrown)),
    });
  };
  return (
    <FormDialog form={form} title={`Rename ${workspace.name}`} submit="Rename" send={send} onClose={onClose}>
      <TextField
        form={form}
        name="name"
        label="Name"
        autoComplete="off"
        help={`The slug ${workspace.slug} stays.`}
        rules={{ required: 'Enter a name.', maxLength: { value: 200, message: 'At most 200 characters.' } }}
      />
    </FormDialog>
  );
}
