// What can be done with one key: replace, revoke. Used by the columns.
import { useState } from 'react';
import type { ApiKey } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRevokeKey } from './api';
import { ReplaceDialog } from './ReplaceDialog';
import { stateOf } from './state';

export function RowMenu({ apiKey }: { apiKey: ApiKey }) {
  const [open, setOpen] = useState<'replace' | 'revoke' | null>(null);
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
                { value: 'revoke', label: 'Revoke', danger: true },
              ]
            : []
        }
        onChoose={setOpen}
      />
      {open === 'replace' && <ReplaceDialog old={apiKey} onClose={() => setOpen(null)} />}
      {open === 'revoke' && (
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
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
