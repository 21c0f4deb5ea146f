// What the isolation pages read and ask for. Used by them and the tenant page.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { IsolationReport, Shape } from '../../api/types';

/** The action of the audit events that tell of requests for another tenant than their identity's. */
export const REFUSAL = 'tenant.mismatch';

export const isOver = (report: IsolationReport) => report.status !== 'pending' && report.status !== 'running';

/** Of one tenant: those that are about it alone. */
export function useReports(limit: number, cursor?: string | undefined, tenant?: string) {
  const query = { limit, ...(cursor ? { cursor } : {}), ...(tenant ? { tenant } : {}) };
  return useQuery({
    queryKey: [...keys.isolation, 'list', query],
    queryFn: ({ signal }) => call(api.GET('/v1/isolation-reports', { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.items.some((one) => !isOver(one)) ? 1_000 : false),
  });
}

export function useReport(id: string) {
  return useQuery({
    queryKey: keys.isolationReport(id),
    queryFn: ({ signal }) =>
      call(api.GET('/v1/isolation-reports/{id}', { params: { path: { id } }, signal })),
    // The live stream tells of it sooner; this is for whoever has none.
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? 1_000 : false),
  });
}

export function useProve(key: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Shape<'RequestIsolationReport'>) =>
      call(api.POST('/v1/isolation-reports', { params: { header: once(key) }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.isolation }),
  });
}
