// What can be done with one key: replace, which the page asks for, and revoke. Used by the columns.
import { useState } from 'react';
import type { ApiKey } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRevokeKey } from './api';
import { stateOf } from './state';

interface Props {
  apiKey: ApiKey;
  onReplace: (apiKey: ApiKey) => void;
}

export function RowMenu({ apiKey, onReplace }: Props) {
  const [revoking, setRevoking] = useState(false);
  const revoke = useRevokeKey();
  const active = stateOf(apiKey, Date.now()) === 'active';
  return (
    <>
      <ActionMenu
        of={apiKey.name}
        choices={
          active
            ? [
                ...(apiKey.replaced_by ? [] : [{ value: 'replace' as const, label: 'Replace' }]),
                { value: 'revoke' as const, label: 'Revoke', danger: true },
              ]
            : []
        }
        onChoose={(choice) => (choice === 'replace' ? onReplace(apiKey) : setRevoking(true))}
      />
      {revoking && (
        <ConfirmDialog
          title={`Revoke ${apiKey.name}?`}
          action="Revoke key"
          word={apiKey.name}
          effects={[
            'Whatever uses it is refused within a second, on every server.',
            'This cannot be taken back. To change a key without a gap, replace it instead.',
          ]}
          confirm={async () => {
            await revoke.mutateAsync(apiKey);
            said(`${apiKey.name} is revoked`);
          }}
          onClose={() => setRevoking(false)}
        />
      )}
    </>
  );
}
