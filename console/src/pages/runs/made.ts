// What a new tenant's key and invitation can be shown with again: the request that made it, with its idempotency key, in this tab only.
// The secrets themselves are kept in memory alone: the server derives them again for the same request. Used by the wizard and the run page.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import type { Shape } from '../../api/types';

export type NewTenant = Shape<'CreateTenant'>;
export type Made = Shape<'TenantAndRun'>;

export interface Wish {
  key: string;
  body: NewTenant;
  /** When it was sent. */
  at: number;
}

const name = (run: string) => `tenantry.made.${run}`;

/** The server keeps the answer for 24 hours. After that the same request would be a new wish. */
const GOOD_FOR = 12 * 3_600_000;

export function keepWish(run: string, wish: Wish) {
  sessionStorage.setItem(name(run), JSON.stringify(wish));
}

export function wishOf(run: string, now = Date.now()): Wish | null {
  const kept = sessionStorage.getItem(name(run));
  if (!kept) return null;
  try {
    const wish = JSON.parse(kept) as Wish;
    return now - wish.at < GOOD_FOR ? wish : null;
  } catch {
    return null;
  }
}

function forgetWish(run: string) {
  sessionStorage.removeItem(name(run));
}

/** Asks for a tenant. The same key with the same body is the same tenant. */
export function askForTenant({ key, body }: Pick<Wish, 'key' | 'body'>): Promise<Made> {
  return call(api.POST('/v1/tenants', { params: { header: once(key) }, body }));
}

export const madeKey = (run: string) => ['made', run] as const;

/** The secrets of a run that this tab began, until they are put away. */
export function useMade(run: string) {
  const client = useQueryClient();
  const wish = wishOf(run);
  const made = useQuery<Made | null>({
    queryKey: madeKey(run),
    queryFn: () => (wish ? askForTenant(wish) : null),
    // Only when somebody asks for it.
    enabled: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: GOOD_FOR,
  });
  const putAway = () => {
    forgetWish(run);
    client.setQueryData(madeKey(run), null);
  };
  return { ...made, canAsk: wish !== null, putAway };
}
