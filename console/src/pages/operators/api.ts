// What the operators page reads and does. Used by its table and dialogs.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, ifMatch, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Operator, OperatorRole, Shape } from '../../api/types';

export function useOperators(cursor: string | undefined) {
  return useQuery({
    queryKey: [...keys.operators, { cursor }],
    queryFn: ({ signal }) =>
      call(
        api.GET('/v1/operators', { params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } }, signal }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** After a change the list is read again, and the change counts as done when it is there. */
function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.operators });
}

export function useAddOperator(key: string) {
  return useMutation({
    // Nothing keeps the password when the dialog is gone.
    gcTime: 0,
    mutationFn: (body: Shape<'CreateOperator'>) =>
      call(api.POST('/v1/operators', { params: { header: once(key) }, body })),
    onSuccess: useRefresh(),
  });
}

interface Change {
  operator: Operator;
  role?: OperatorRole;
  locked?: false;
}

export function useChangeOperator() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ operator, ...body }: Change) =>
      call(
        api.PATCH('/v1/operators/{id}', {
          params: { path: { id: operator.user_id }, header: ifMatch(operator.version) },
          body,
        }),
      ),
    // Also after a refusal: somebody else may have changed it.
    onSettled: refresh,
  });
}

export function useRemoveOperator() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (operator: Operator) =>
      call(
        api.DELETE('/v1/operators/{id}', {
          params: { path: { id: operator.user_id }, header: ifMatch(operator.version) },
        }),
      ),
    onSuccess: refresh,
  });
}
