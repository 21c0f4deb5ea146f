// Members of the workspace: who they are, change roles, remove, leave. Reads `GET /v1/members`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { LogOut, UserPlus, Users } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Member } from '../../api/types';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { useMembers } from './api';
import { memberColumns } from './columns';
import { InviteDialog } from './InviteDialog';
import { LeaveDialog } from './LeaveDialog';
import { PeopleTabs } from './PeopleTabs';
import { RemoveDialog } from './RemoveDialog';
import { RoleDialog } from './RoleDialog';
import type { MemberDeed } from './RowMenu';

const route = getRouteApi('/shell/t/$tenant/members');
const idOf = (member: Member) => member.user_id;

export function MembersPage() {
  const who = useMember();
  const { cursor } = route.useSearch();
  const members = useMembers(cursor);
  const [inviting, setInviting] = useMake();
  const [leaving, setLeaving] = useState(false);
  const mayInvite = may(who, 'WriteInvitations');
  const { asked, ask, close } = useAsked<MemberDeed, Member>(members.data?.items, idOf);
  const columns = useMemo(() => memberColumns(who, ask), [who, ask]);
  return (
    <Page
      title="Members"
      lead={`People in the workspace ${who.workspace}, and what they may do there.`}
      actions={
        <>
          <Button size="sm" variant="outline" onClick={() => setLeaving(true)}>
            <Icon as={LogOut} /> Leave
          </Button>
          {mayInvite && (
            <Button size="sm" onClick={() => setInviting(true)}>
              <Icon as={UserPlus} /> Invite
            </Button>
          )}
        </>
      }
    >
      <PeopleTabs at="members" />
      {!may(who, 'WriteMembers') && (
        <MayNot who="Admins and owners" what="invite people, change roles and remove members" />
      )}
      <DataTable
        label="Members"
        columns={columns}
        query={members}
        rowId={idOf}
        empty={<EmptyState icon={Users} title="Nobody is a member" />}
      />
      {mayInvite && inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {asked?.does === 'role' && <RoleDialog member={asked.row} onClose={close} />}
      {asked?.does === 'remove' && <RemoveDialog member={asked.row} onClose={close} />}
      {leaving && <LeaveDialog onClose={() => setLeaving(false)} />}
    </Page>
  );
}
