// Renames a workspace, or archives it after its slug was typed; both offer to take it back. Used by `WorkspacesPage`.
import { useForm } from 'react-hook-form';
import type { Workspace } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { FormDialog } from '../../ui/FormDialog';
import { TextField } from '../../ui/form';
import { failed, said } from '../../ui/toast';
import { useMember } from '../tenant-side/useMember';
import { useChangeWorkspace } from './api';

interface Props {
  workspace: Workspace;
  onClose: () => void;
}

export function ArchiveDialog({ workspace, onClose }: Props) {
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

export function RenameDialog({ workspace, onClose }: Props) {
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
