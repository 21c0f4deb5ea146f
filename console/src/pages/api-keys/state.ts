// Where a key is in its life, from its times. Pure; used by the columns and the overview.
import type { ApiKey } from '../../api/types';

export type KeyState = 'active' | 'expired' | 'revoked';

export function stateOf(key: Pick<ApiKey, 'revoked_at' | 'expires_at'>, now: number): KeyState {
  if (key.revoked_at) return 'revoked';
  return key.expires_at && Date.parse(key.expires_at) <= now ? 'expired' : 'active';
}
