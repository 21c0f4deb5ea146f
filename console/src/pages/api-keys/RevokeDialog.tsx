// Asks before a key is revoked; its name is typed. Used by `ApiKeysPage`.
import type { ApiKey } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { said } from '../../ui/toast';
import { useRevokeKey } from './api';

export function RevokeDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const revoke = useRevokeKey();
  return (
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
      onClose={onClose}
    />
  );
}
