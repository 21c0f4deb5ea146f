// What the agents page reads and does. Used by its table and dialogs, and by the overview.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, ifMatch, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Agent, Shape } from '../../api/types';
import { present } from '../../ui/search';

export const STATUSES: Shape<'AgentStatus'>[] = ['idle', 'working', 'blocked', 'offline'];

export function useAgents(search: { status?: string | undefined; cursor?: string | undefined }, limit = 50) {
  const { status, cursor } = search;
  return useQuery({
    queryKey: [...keys.agents, { status, cursor, limit }],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/agents', { params: { query: { limit, ...present({ status, cursor }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.agents });
}

export function useMakeAgent(key: string) {
  return useMutation({
    mutationFn: (body: Shape<'CreateAgent'>) =>
      call(api.POST('/v1/agents', { params: { header: once(key) }, body })),
    onSuccess: useRefresh(),
  });
}

interface Change {
  agent: Agent;
  body: Shape<'UpdateAgent'>;
}

export function useChangeAgent() {
  return useMutation({
    mutationFn: ({ agent, body }: Change) =>
      call(
        api.PATCH('/v1/agents/{id}', {
          params: { path: { id: agent.id }, header: ifMatch(agent.version) },
          body,
        }),
      ),
    // Also after a refusal: somebody else may have changed it.
    onSettled: useRefresh(),
  });
}

/** The agent as it is now, for who was refused because it had changed. */
export function useCurrentAgent() {
  return useMutation({
    mutationFn: (id: string) => call(api.GET('/v1/agents/{id}', { params: { path: { id } } })),
  });
}

export function useDeleteAgent() {
  return useMutation({
    mutationFn: (agent: Agent) =>
      call(
        api.DELETE('/v1/agents/{id}', {
          params: { path: { id: agent.id }, header: ifMatch(agent.version) },
        }),
      ),
    onSettled: useRefresh(),
  });
}
