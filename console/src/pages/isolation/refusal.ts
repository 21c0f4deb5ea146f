// What the audit event of a refusal says. Pure; used by `Refusals`.
import type { AuditEvent } from '../../api/types';

interface Told {
  /** The identity's own tenant. */
  own: string;
  /** The slugs that it named, ten at most. */
  claimed: string[];
  requests: number;
}

export function toldOf(event: AuditEvent): Told {
  const after = (event.after ?? {}) as { claimed?: unknown; requests?: unknown };
  return {
    own: event.target && event.target !== '-' ? event.target : 'no tenant',
    claimed: Array.isArray(after.claimed) ? after.claimed.filter((one) => typeof one === 'string') : [],
    requests: typeof after.requests === 'number' ? after.requests : 1,
  };
}
