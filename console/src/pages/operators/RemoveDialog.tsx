// Ends somebody's being an operator, after the address was typed. Used by `OperatorsPage`.
import type { Operator } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRemoveOperator } from './api';

export function RemoveDialog({ operator, onClose }: { operator: Operator; onClose: () => void }) {
  const remove = useRemoveOperator();
  const name = operator.name || operator.email;
  return (
    <ConfirmDialog
      title={`Remove ${name}?`}
      action="Remove operator"
      word={operator.email}
      effects={[
        'What they do as an operator is refused at once, on every server.',
        'Access grants that they hold end.',
        'Their user, and where they are a member, stay as they are.',
      ]}
      confirm={async () => {
        await remove.mutateAsync(operator);
        said(`${name} is no operator any more`);
      }}
      onClose={onClose}
    />
  );
}
