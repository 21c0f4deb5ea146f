// What the workspaces page reads and does. Used by its table and dialogs, and by the tenant's overview.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, ifMatch, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Shape, Workspace } from '../../api/types';
import { microseconds } from './etag';

/** All of them: a tenant's tier allows few. */
export function useWorkspaces(archived: boolean) {
  return useQuery({
    queryKey: [...keys.workspaces, { archived }],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/workspaces', { params: { query: archived ? { archived } : {} }, signal })),
  });
}

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.workspaces });
}

export function useMakeWorkspace(key: string) {
  return useMutation({
    mutationFn: (body: Shape<'CreateWorkspace'>) =>
      call(api.POST('/v1/workspaces', { params: { header: once(key) }, body })),
    onSuccess: useRefresh(),
  });
}

interface Change extends Shape<'UpdateWorkspace'> {
  workspace: Workspace;
}

export function useChangeWorkspace() {
  return useMutation({
    mutationFn: ({ workspace, ...body }: Change) =>
      call(
        api.PATCH('/v1/workspaces/{id}', {
          params: { path: { id: workspace.id }, header: ifMatch(microseconds(workspace.updated_at)) },
          body,
        }),
      ),
    // Also after a refusal: somebody else may have changed it.
    onSettled: useRefresh(),
  });
}
