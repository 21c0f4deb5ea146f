// Changes the role of an operator. Used by `OperatorsPage`.
import { useForm } from 'react-hook-form';
import type { Operator } from '../../api/types';
import { FormDialog } from '../../ui/FormDialog';
import { SelectField } from '../../ui/form';
import { failed, said } from '../../ui/toast';
import { useChangeOperator } from './api';
import { ROLES } from './roles';

export function RoleDialog({ operator, onClose }: { operator: Operator; onClose: () => void }) {
  const form = useForm({ defaultValues: { role: operator.role } });
  const change = useChangeOperator();
  const name = operator.name || operator.email;
  const before = operator.role;
  const send = async ({ role }: Pick<Operator, 'role'>) => {
    const changed = await change.mutateAsync({ operator, role });
    onClose();
    said(`${name} is ${role} now`, undefined, {
      run: () =>
        void change
          .mutateAsync({ operator: changed, role: before })
          .catch((thrown) => failed('Not undone', thrown)),
    });
  };
  return (
    <FormDialog form={form} title={`Role of ${name}`} submit="Change role" send={send} onClose={onClose}>
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
