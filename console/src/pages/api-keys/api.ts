// What the API keys page reads and does. Used by its table and dialogs, and by the overview.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { ApiKey, Shape } from '../../api/types';
import { present } from '../../ui/search';

export function useApiKeys(cursor?: string, limit = 50, enabled = true) {
  return useQuery({
    queryKey: [...keys.apiKeys, { cursor, limit }],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/api-keys', { params: { query: { limit, ...present({ cursor }) } }, signal })),
    placeholderData: keepPreviousData,
    enabled,
  });
}

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.apiKeys });
}

/** The secret is in the answer only: nothing keeps it when the dialog is gone. */
export function useMakeKey(key: string) {
  return useMutation({
    mutationFn: (body: Shape<'CreateOwnApiKey'>) =>
      call(api.POST('/v1/api-keys', { params: { header: once(key) }, body })),
    onSuccess: useRefresh(),
    gcTime: 0,
  });
}

export function useRerollKey(key: string) {
  return useMutation({
    mutationFn: ({ old, overlap_minutes }: { old: ApiKey; overlap_minutes: number }) =>
      call(
        api.POST('/v1/api-keys/{id}/reroll', {
          params: { path: { id: old.id }, header: once(key) },
          body: { overlap_minutes },
        }),
      ),
    onSuccess: useRefresh(),
    gcTime: 0,
  });
}

export function useRevokeKey() {
  return useMutation({
    mutationFn: (key: ApiKey) => call(api.DELETE('/v1/api-keys/{id}', { params: { path: { id: key.id } } })),
    onSettled: useRefresh(),
  });
}
