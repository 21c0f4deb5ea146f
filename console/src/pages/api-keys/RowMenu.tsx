// What can be done with one key while it is active; the page asks. Used by the columns.
import type { ApiKey } from '../../api/types';
import { ActionMenu } from '../../ui/ActionMenu';
import type { Ask } from '../../ui/table/useAsked';
import { stateOf } from './state';

export type KeyDeed = 'replace' | 'revoke';

export function RowMenu({ apiKey, onAsk }: { apiKey: ApiKey; onAsk: Ask<KeyDeed, ApiKey> }) {
  if (stateOf(apiKey, Date.now()) !== 'active') return null;
  return (
    <ActionMenu
      of={apiKey.name}
      choices={[
        ...(apiKey.replaced_by ? [] : [{ value: 'replace' as const, label: 'Replace' }]),
        { value: 'revoke', label: 'Revoke', danger: true },
      ]}
      onChoose={(does: KeyDeed) => onAsk(does, apiKey)}
    />
  );
}
