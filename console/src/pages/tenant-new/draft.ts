// The wizard's draft: values and the one idempotency key, in sessionStorage of the tab from the moment the wizard opens, so that a reload,
// a second click and a retry are the same wish. Whoever else signs in begins anew. Used by `NewTenantPage`.
import { idempotencyKey } from '../../api/client';
import { EMPTY, type Values } from './values';

export interface Draft {
  key: string;
  values: Values;
  /** Whose it is. */
  who: string;
}

const NAME = 'tenantry.new-tenant';

/** The draft of this tab, or a new one. */
export function openDraft(who: string): Draft {
  const kept = read();
  if (kept?.who === who) return kept;
  const draft = { key: idempotencyKey(), values: EMPTY, who };
  keepDraft(draft);
  return draft;
}

export function keepDraft(draft: Draft) {
  sessionStorage.setItem(NAME, JSON.stringify(draft));
}

export function forgetDraft() {
  sessionStorage.removeItem(NAME);
}

function read(): Draft | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(NAME) ?? 'null') as Draft | null;
    return kept?.key && kept.values ? { ...kept, values: { ...EMPTY, ...kept.values } } : null;
  } catch {
    return null;
  }
}
