// What the audit viewer reads: events, chains, names of actors. Used by its page, the tenant page and the isolation page.
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';
import type { AuditEvent, ListPage, Shape } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { present } from '../../ui/search';
import type { AuditFilter } from './filter';

type Chain = Shape<'AuditVerification'>;

export function useAuditEvents(wish: AuditFilter & { cursor?: string | undefined; limit?: number }) {
  const query = { limit: 50, ...present(wish) };
  return useQuery({
    queryKey: [...keys.audit, query],
    queryFn: ({ signal }): Promise<ListPage<AuditEvent>> =>
      call(api.GET('/v1/audit-events', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** One event, where a link names it and it is on no page that is shown. */
export function useAuditEvent(id: string | undefined) {
  return useQuery({
    queryKey: [...keys.audit, 'one', id],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/audit-events/{id}', { params: { path: { id: id ?? '' } }, signal })),
    enabled: id !== undefined,
    retry: false,
  });
}

/** Reads a chain from its first event: asked for once, and again only where somebody wants it. */
export function useChain(tenant: string | undefined) {
  return useQuery({
    queryKey: ['audit-chain', tenant ?? 'own'],
    queryFn: async ({ signal }) => {
      const found = await call(
        api.GET('/v1/audit-events/verify', { params: { query: tenant ? { tenant } : {} }, signal }),
      );
      if (typeof found === 'string') throw new TypeError('one chain was asked for');
      return found;
    },
    staleTime: 5 * 60_000,
    refetchOnWindowFocus: false,
  });
}

export const problemsOf = (chain: Chain) => chain.problems.length + chain.more_problems;

/** Every chain, where somebody asks for it: the answer is a line for each. */
export function useAllChains() {
  return useMutation({
    mutationFn: async () => {
      const lines = await call(
        api.GET('/v1/audit-events/verify', { params: { query: { all: true } }, parseAs: 'text' }),
      );
      return chainLines(lines);
    },
  });
}

export function chainLines(lines: string): Chain[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Chain);
}

/** What ids of people stand for, where whoever looks may know it. */
export function useNames(): Map<string, string> {
  const who = useWho();
  const operators = useQuery({
    queryKey: [...keys.operators, 'names'],
    queryFn: ({ signal }) => call(api.GET('/v1/operators', { params: { query: { limit: 200 } }, signal })),
    enabled: may(who, 'ReadOperators'),
    staleTime: 60_000,
  });
  const members = useQuery({
    queryKey: [...keys.members, 'names'],
    queryFn: ({ signal }) => call(api.GET('/v1/members', { params: { query: { limit: 200 } }, signal })),
    enabled: may(who, 'ReadMembers'),
    staleTime: 60_000,
  });
  const [some, others] = [operators.data?.items, members.data?.items];
  return useMemo(
    () => new Map([...(some ?? []), ...(others ?? [])].map((one) => [one.user_id, one.name || one.email])),
    [some, others],
  );
}

const KINDS = {
  operator: 'Operator',
  api_key: 'API key',
  user: 'User',
  agent: 'Agent',
  system: 'Platform',
} as const;

/** `Ada Lovelace`, or what kind of actor it is. */
export function actorOf(event: AuditEvent, names: Map<string, string>): { kind: string; name?: string } {
  const name = names.get(event.actor);
  return { kind: KINDS[event.actor_kind], ...(name ? { name } : {}) };
}
