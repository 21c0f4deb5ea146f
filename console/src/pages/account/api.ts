// What the account page reads and does. Used by its parts.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { Session, Shape } from '../../api/types';

export const meKey = ['me'] as const;

export function useMe() {
  return useQuery({ queryKey: meKey, queryFn: ({ signal }) => call(api.GET('/v1/me', { signal })) });
}

export function useSessions() {
  return useQuery({
    queryKey: keys.sessions,
    queryFn: ({ signal }) => call(api.GET('/v1/sessions', { signal })),
  });
}

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.sessions });
}

/** Ends them one after the other. One that is over already is what was wished for. */
export function useEndSessions() {
  return useMutation({
    mutationFn: async (sessions: Session[]) => {
      for (const { id } of sessions) {
        const pending = api.DELETE('/v1/sessions/{id}', { params: { path: { id } } });
        const { response } = await pending;
        if (response.status !== 404) await call(pending);
      }
    },
    onSettled: useRefresh(),
  });
}

/** All but the one that asks, those too that the list has no room for. */
export function useEndOthers() {
  return useMutation({
    mutationFn: () => call(api.DELETE('/v1/sessions')),
    onSettled: useRefresh(),
  });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (body: Shape<'ChangePassword'>) => call(api.PUT('/v1/me/password', { body })),
    onSuccess: useRefresh(),
    gcTime: 0,
  });
}

export function useAskForProof() {
  return useMutation({ mutationFn: () => call(api.POST('/v1/auth/verify-email', { body: {} })) });
}

export function useErase() {
  return useMutation({
    mutationFn: (confirm: string) => call(api.DELETE('/v1/me', { body: { confirm } })),
  });
}

/** All that is known of whoever is signed in, with every audit event, as one document. */
export async function wholeData(): Promise<Shape<'UserData'>> {
  const page = (cursor?: string) =>
    call(api.GET('/v1/me/data', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } } }));
  const data = await page();
  const items = [...data.audit_events.items];
  let next = data.audit_events.next_cursor;
  while (next) {
    const more = await page(next);
    items.push(...more.audit_events.items);
    next = more.audit_events.next_cursor;
  }
  return { ...data, audit_events: { items } };
}
