// Changes the role of an operator. Used by `RowMenu`.
import { useForm } from 'react-hook-form';
import type { Operator } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField } from '../../ui/form';
import { said } from '../../ui/toast';
import { useChangeOperator } from './api';
import { ROLES } from './roles';

export function RoleDialog({ operator, onClose }: { operator: Operator; onClose: () => void }) {
  const form = useForm({ defaultValues: { role: operator.role } });
  const change = useChangeOperator();
  const name = operator.name || operator.email;
  const before = operator.role;
  const submit = form.handleSubmit(({ role }) =>
    change.mutate(
      { operator, role },
      {
        onSuccess: (changed) => {
          onClose();
          said(`${name} is ${role} now`, undefined, {
            run: () => change.mutate({ operator: changed, role: before }),
          });
        },
      },
    ),
  );
  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Role of ${name}`}
      submit="Change role"
      onSubmit={submit}
      busy={change.isPending}
      problem={change.error}
    >
      <SelectField
        form={form}
        name="role"
        label="Role"
        options={ROLES}
        help="Takes effect at once. Access grants that the new role could not ask for end."
      />
    </FormDialog>
  );
}
