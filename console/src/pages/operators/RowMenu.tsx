// What can be done with one operator: unlock; change the role or remove, which the page asks. Used by the columns.
import type { Operator } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import type { Ask } from '../../ui/table/useAsked';
import { failed, said } from '../../ui/toast';
import { useChangeOperator } from './api';

export type OperatorDeed = 'role' | 'remove';

export function RowMenu({ operator, onAsk }: { operator: Operator; onAsk: Ask<OperatorDeed, Operator> }) {
  const change = useChangeOperator();
  const name = operator.name || operator.email;
  const choose = (value: OperatorDeed | 'unlock') => {
    if (value !== 'unlock') return onAsk(value, operator);
    change.mutate(
      { operator, locked: false },
      {
        onSuccess: () => said(`${name} may sign in again`),
        onError: (thrown) => failed('Not unlocked', thrown),
      },
    );
  };
  return (
    <ActionMenu
      of={name}
      choices={[
        { value: 'role', label: 'Change role' },
        ...(operator.locked_at ? [{ value: 'unlock' as const, label: 'Unlock sign-in' }] : []),
        { value: 'remove', label: 'Remove', danger: true },
      ]}
      onChoose={choose}
      busy={change.isPending}
    />
  );
}
