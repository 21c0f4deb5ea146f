// Which workspace of a tenant something is for. Used by the dialogs of `TenantActions`.
import type { FieldPath, FieldValues, UseFormReturn } from 'react-hook-form';
import { TextField } from '../../ui/form';

interface Props<Values extends FieldValues> {
  form: UseFormReturn<Values>;
  name: FieldPath<Values>;
}

export function WorkspaceField<Values extends FieldValues>(props: Props<Values>) {
  return (
    <TextField
      {...props}
      label="Workspace"
      autoComplete="off"
      autoCapitalize="none"
      help="Its slug. The default workspace where empty."
    />
  );
}

/** For a body: nothing where the field is empty. */
export function workspaceOf({ workspace }: { workspace: string }): { workspace?: string } {
  return workspace.trim() ? { workspace: workspace.trim() } : {};
}
