// Invitations into the workspace: who was invited, what became of it, revoke. Reads `GET /v1/invitations`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { MailPlus, UserPlus } from 'lucide-react';
import { useMemo } from 'react';
import type { Invitation } from '../../api/types';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { useInvitations } from './api';
import { InviteDialog } from './InviteDialog';
import { invitationColumns } from './invitationColumns';
import { PeopleTabs } from './PeopleTabs';
import { RevokeDialog } from './RevokeDialog';

const route = getRouteApi('/shell/t/$tenant/members/invitations');
const idOf = (invitation: Invitation) => invitation.id;

export function InvitationsPage() {
  const who = useMember();
  const { cursor } = route.useSearch();
  const [inviting, setInviting] = useMake();
  const mayRead = may(who, 'ReadInvitations');
  if (!mayRead)
    return (
      <Page title="Invitations">
        <MayNot who="Admins and owners" what="see and send invitations" />
      </Page>
    );
  return (
    <Page
      title="Invitations"
      lead={`Into the workspace ${who.workspace}. Ended ones are forgotten after 30 days.`}
      actions={
        <Button size="sm" onClick={() => setInviting(true)}>
          <Icon as={UserPlus} /> Invite
        </Button>
      }
    >
      <PeopleTabs at="invitations" />
      <List cursor={cursor} onInvite={() => setInviting(true)} />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

function List({ cursor, onInvite }: { cursor: string | undefined; onInvite: () => void }) {
  const invitations = useInvitations(cursor);
  const { asked, ask, close } = useAsked<'revoke', Invitation>(invitations.data?.items, idOf);
  const columns = useMemo(() => invitationColumns(ask), [ask]);
  return (
    <>
      <DataTable
        label="Invitations"
        columns={columns}
        query={invitations}
        rowId={idOf}
        empty={
          <EmptyState
            icon={MailPlus}
            title="Nobody is invited"
            action={
              <Button size="sm" onClick={onInvite}>
                <Icon as={UserPlus} /> Invite somebody
              </Button>
            }
          >
            An invitation is a link that opens once. Whoever opens it becomes a member of this workspace.
          </EmptyState>
        }
      />
      {asked && <RevokeDialog invitation={asked.row} onClose={close} />}
    </>
  );
}
