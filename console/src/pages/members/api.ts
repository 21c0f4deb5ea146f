// What members and invitations pages read and do. Used by their tables and dialogs, by API keys and the overview.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call, ifMatch, once } from '../../api/client';
import { keys } from '../../api/keys';
import type { Invitation, Member, Role, Shape } from '../../api/types';
import { present } from '../../ui/search';

export function useMembers(cursor?: string, limit = 50) {
  return useQuery({
    queryKey: [...keys.members, { cursor, limit }],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/members', { params: { query: { limit, ...present({ cursor }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useInvitations(cursor?: string) {
  return useQuery({
    queryKey: [...keys.invitations, { cursor }],
    queryFn: ({ signal }) =>
      call(api.GET('/v1/invitations', { params: { query: { limit: 50, ...present({ cursor }) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** Who goes or is demoted takes their invitations along: both lists look again. */
function useRefresh() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: keys.members }),
      client.invalidateQueries({ queryKey: keys.invitations }),
    ]);
}

export function useChangeMember() {
  return useMutation({
    mutationFn: ({ member, role }: { member: Member; role: Role }) =>
      call(
        api.PATCH('/v1/members/{user_id}', {
          params: { path: { user_id: member.user_id }, header: ifMatch(member.version) },
          body: { role },
        }),
      ),
    // Also after a refusal: somebody else may have changed it.
    onSettled: useRefresh(),
  });
}

export function useRemoveMember() {
  return useMutation({
    mutationFn: (member: Member) =>
      call(
        api.DELETE('/v1/members/{user_id}', {
          params: { path: { user_id: member.user_id }, header: ifMatch(member.version) },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export function useLeave() {
  return useMutation({ mutationFn: () => call(api.POST('/v1/members/leave')) });
}

export function useInvite(key: string) {
  return useMutation({
    mutationFn: (body: Shape<'CreateInvitation'>) =>
      call(api.POST('/v1/invitations', { params: { header: once(key) }, body })),
    onSuccess: useRefresh(),
    // A link that was told is not kept beyond the dialog.
    gcTime: 0,
  });
}

export function useRevokeInvitation() {
  return useMutation({
    mutationFn: (invitation: Invitation) =>
      call(api.DELETE('/v1/invitations/{id}', { params: { path: { id: invitation.id } } })),
    onSettled: useRefresh(),
  });
}
