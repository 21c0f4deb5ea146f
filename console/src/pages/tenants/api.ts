// What the tenants list reads and does to many at once. Used by its page and dialogs.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Run, Tenant, Tier } from '../../api/types';
import { present } from '../../ui/search';
import type { TenantFilter } from './words';

export function useTenants(filter: TenantFilter, cursor: string | undefined) {
  const query = { limit: 50, ...present({ ...filter, cursor }) };
  return useQuery({
    queryKey: [...keys.tenants, 'list', query],
    queryFn: ({ signal }) => call(api.GET('/v1/tenants', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** What is done to many at once. */
export type BulkWish = { kind: 'suspend' | 'resume'; reason: string } | { kind: 'tier'; tier: Tier };
export type BulkKind = BulkWish['kind'];

/** What became of one: a change of its life is a run, a change of tier is over with the answer. */
export interface BulkDone {
  run?: Run;
}

/** One tenant of many: the key is the row's own, so that a second attempt does nothing twice. */
export async function changeOne(wish: BulkWish, { slug }: Tenant, key: string): Promise<BulkDone> {
  if (wish.kind === 'tier') {
    // Whatever else was changed meanwhile stays: the tier alone is named.
    const body = { plan_tier: wish.tier };
    await call(api.PATCH('/v1/tenants/{slug}', { params: { path: { slug } }, body }));
    return {};
  }
  const { kind, reason } = wish;
  const request = { params: { path: { slug }, header: once(key) }, body: reason ? { reason } : {} };
  return kind === 'suspend'
    ? call(api.POST('/v1/tenants/{slug}/suspend', request))
    : call(api.POST('/v1/tenants/{slug}/resume', request));
}
