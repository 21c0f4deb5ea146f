// What the tenant page reads and does. Used by its tabs and dialogs.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { download } from '../../api/download';
import { keys } from '../../api/keys';
import { problemOf } from '../../api/problem';
import type { Run, Shape, Tenant } from '../../api/types';
import type { LifeKind } from './life';

/** A tenant with the version that a change of it must name. */
export interface Tagged {
  tenant: Tenant;
  etag: string;
}

export function useTenant(slug: string) {
  return useQuery({
    queryKey: [...keys.tenant(slug), 'tagged'],
    queryFn: async ({ signal }): Promise<Tagged> => {
      const pending = api.GET('/v1/tenants/{slug}', { params: { path: { slug } }, signal });
      const tenant = await call(pending);
      return { tenant, etag: (await pending).response.headers.get('etag') ?? '*' };
    },
  });
}

/** The newest run of a tenant: what is at work on it, or was last. Looks again until it is over. */
export function useLatestRun(slug: string) {
  return useQuery({
    queryKey: [...keys.tenant(slug), 'latest-run'],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/tenants/{slug}/status', { params: { path: { slug } }, signal })),
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? 1_000 : false),
  });
}

export function isOver(run: Run): boolean {
  return run.status !== 'pending' && run.status !== 'running' && run.status !== 'rolling_back';
}

/** Whatever a run has made of it, all of the tenant is read again. */
function useRefresh() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: keys.tenants }),
      client.invalidateQueries({ queryKey: keys.runs }),
    ]);
}

interface Life {
  kind: LifeKind;
  slug: string;
  reason: string;
  key: string;
}

/** The answer of whatever begins a run; a rollback answers with the run alone. */
export type LifeAnswer = { run: Run; restorable_until?: string | null };

export function useLife() {
  return useMutation({ mutationFn: begin, onSettled: useRefresh() });
}

async function begin({ kind, slug, reason, key }: Life): Promise<LifeAnswer> {
  const params = { path: { slug }, header: once(key) };
  const why = { params, body: reason ? { reason } : {} };
  const confirmed = { params, body: { confirm: slug } };
  switch (kind) {
    case 'suspend':
      return call(api.POST('/v1/tenants/{slug}/suspend', why));
    case 'resume':
      return call(api.POST('/v1/tenants/{slug}/resume', why));
    case 'restore':
      return call(api.POST('/v1/tenants/{slug}/restore', why));
    case 'delete':
      return call(api.DELETE('/v1/tenants/{slug}', { params: { path: { slug } } }));
    case 'purge':
      return call(api.POST('/v1/tenants/{slug}/purge', confirmed));
    case 'rollback':
      return { run: await call(api.POST('/v1/tenants/{slug}/rollback', confirmed)) };
  }
}

export function useExportData(slug: string) {
  return useMutation({
    mutationFn: () =>
      download(`/v1/tenants/${encodeURIComponent(slug)}/export`, `${slug}.tar`, { method: 'POST' }),
  });
}

/** Only if it is still the version that was read. */
export function useUpdateTenant(slug: string) {
  return useMutation({
    mutationFn: async ({ body, etag }: { body: Shape<'UpdateTenant'>; etag: string }): Promise<Tagged> => {
      const params = { path: { slug }, header: { 'If-Match': etag } };
      const pending = api.PATCH('/v1/tenants/{slug}', { params, body });
      const tenant = await call(pending);
      return { tenant, etag: (await pending).response.headers.get('etag') ?? '*' };
    },
    onSuccess: useRefresh(),
  });
}

export function useOwnerInvitation(slug: string, key: string) {
  return useMutation({
    // Nothing keeps the secret when the dialog is gone.
    gcTime: 0,
    mutationFn: () =>
      call(
        api.POST('/v1/tenants/{slug}/owner-invitation', {
          params: { path: { slug }, header: once(key) },
          body: {},
        }),
      ),
  });
}

export function useMakeKey(slug: string, key: string) {
  return useMutation({
    // Nothing keeps the secret when the dialog is gone.
    gcTime: 0,
    mutationFn: (body: Shape<'CreateApiKey'>) =>
      call(api.POST('/v1/tenants/{slug}/api-keys', { params: { path: { slug }, header: once(key) }, body })),
  });
}

const grants = (slug: string) => [...keys.tenant(slug), 'grants'];

export function useGrants(slug: string, cursor: string | undefined) {
  const query = { tenant: slug, limit: 50, ...(cursor ? { cursor } : {}) };
  return useQuery({
    queryKey: [...grants(slug), query],
    queryFn: ({ signal }) => call(api.GET('/v1/access-grants', { params: { query }, signal })),
  });
}

export function useOpenGrant(slug: string, key: string) {
  const client = useQueryClient();
  return useMutation({
    // Nothing keeps the secret when the dialog is gone.
    gcTime: 0,
    mutationFn: (body: Shape<'CreateAccessGrant'>) =>
      call(
        api.POST('/v1/tenants/{slug}/access-grants', { params: { path: { slug }, header: once(key) }, body }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: grants(slug) }),
  });
}

export function useEndGrant(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      const { response, error } = await api.DELETE('/v1/access-grants/{id}', { params: { path: { id } } });
      if (!response.ok) throw problemOf(error, response);
    },
    onSettled: () => client.invalidateQueries({ queryKey: grants(slug) }),
  });
}
