// What can be done with one operator: role, unlock, remove. Used by the columns.
import { useState } from 'react';
import type { Operator } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import { lazyPart } from '../../ui/lazyPart';
import { failed, said } from '../../ui/toast';
import { useChangeOperator } from './api';

const RoleDialog = lazyPart(() => import('./RoleDialog').then((module) => module.RoleDialog));
const RemoveDialog = lazyPart(() => import('./RemoveDialog').then((module) => module.RemoveDialog));

export function RowMenu({ operator }: { operator: Operator }) {
  const [open, setOpen] = useState<'role' | 'remove' | null>(null);
  const change = useChangeOperator();
  const name = operator.name || operator.email;
  const close = () => setOpen(null);
  const choose = (value: 'role' | 'unlock' | 'remove') => {
    if (value !== 'unlock') return setOpen(value);
    change.mutate(
      { operator, locked: false },
      {
        onSuccess: () => said(`${name} may sign in again`),
        onError: (thrown) => failed('Not unlocked', thrown),
      },
    );
  };
  return (
    <>
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
      {open === 'role' && <RoleDialog operator={operator} onClose={close} />}
      {open === 'remove' && <RemoveDialog operator={operator} onClose={close} />}
    </>
  );
}
