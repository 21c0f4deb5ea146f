// What the runs pages read and do. Used by the runs pages, the wizard and Home.
import {
  keepPreviousData,
  queryOptions,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { keys } from '../../api/keys';
import { useLiveState } from '../../api/live';
import type { ListPage, Run, RunKind, RunStatus } from '../../api/types';
import { present } from '../../ui/search';
import { hasEnded } from './state';

export interface RunsFilter {
  kind?: RunKind | undefined;
  status?: RunStatus | undefined;
  tenant?: string | undefined;
  /** Only what failed: what needs a person, and what was rolled back. */
  failed?: boolean | undefined;
  cursor?: string | undefined;
}

const PAGE = 50;

/** What failed is in two states. */
const FAILED: RunStatus[] = ['needs_attention', 'rolled_back'];

function page({ failed, ...query }: RunsFilter, limit: number, signal: AbortSignal): Promise<ListPage<Run>> {
  const asked = failed ? { ...query, status: FAILED.join(',') } : query;
  const filters = present(asked) as { [Name in keyof typeof query]?: string };
  return call(api.GET('/v1/provisioning-runs', { params: { query: { limit, ...filters } }, signal }));
}

export function useRuns(filter: RunsFilter): UseQueryResult<ListPage<Run>> {
  return useQuery({
    queryKey: [...keys.runs, 'list', filter],
    queryFn: ({ signal }) => page(filter, PAGE, signal),
    placeholderData: keepPreviousData,
  });
}

/** The newest few. */
export function recentRuns(query: Omit<RunsFilter, 'failed' | 'cursor'>, limit: number) {
  return queryOptions({
    queryKey: [...keys.runs, 'recent', query, limit],
    queryFn: ({ signal }) => page(query, limit, signal),
  });
}

/** A run as it is now. The stream tells of every step; where it is away, the run is asked for. */
export function useRun(id: string) {
  const live = useLiveState() === 'live';
  return useQuery({
    queryKey: keys.run(id),
    queryFn: ({ signal }) =>
      call(api.GET('/v1/provisioning-runs/{id}', { params: { path: { id } }, signal })),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && !hasEnded(state.data) ? (live ? 3_000 : 1_000) : false),
  });
}

/** The answer is the run as it is now: it is put where the page reads it. */
function useRunChange(change: (key: string) => Promise<Run>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (run) => {
      client.setQueryData(keys.run(run.id), run);
      return client.invalidateQueries({ queryKey: keys.runs });
    },
  });
}

export function useRetry(id: string) {
  return useRunChange((key) =>
    call(
      api.POST('/v1/provisioning-runs/{id}/retry', {
        params: { path: { id }, header: once(key) },
        body: {},
      }),
    ),
  );
}

export function useRollback(id: string, slug: string) {
  return useRunChange((key) =>
    call(
      api.POST('/v1/provisioning-runs/{id}/rollback', {
        params: { path: { id }, header: once(key) },
        body: { confirm: slug },
      }),
    ),
  );
}
