// What the tenants list reads and does to many at once. Used by its page and dialogs.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Tenant } from '../../api/types';
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

export type BulkKind = 'suspend' | 'resume';

/** One tenant of many: the key is the row's own, so that a second attempt does nothing twice. */
export function changeOne(kind: BulkKind, { slug }: Tenant, reason: string, key: string) {
  const request = { params: { path: { slug }, header: once(key) }, body: reason ? { reason } : {} };
  return kind === 'suspend'
    ? call(api.POST('/v1/tenants/{slug}/suspend', request))
    : call(api.POST('/v1/tenants/{slug}/resume', request));
}
