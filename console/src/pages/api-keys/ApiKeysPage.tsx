// API keys of the workspace: make, replace, revoke, see what is used. Reads `GET /v1/api-keys`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { KeyRound, Plus } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import type { ApiKey } from '../../api/types';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { useMembers } from '../members/api';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { useApiKeys } from './api';
import { keyColumns } from './columns';
import { MakeDialog } from './MakeDialog';
import { ReplaceDialog } from './ReplaceDialog';
import { RevokeDialog } from './RevokeDialog';
import type { KeyDeed } from './RowMenu';

const route = getRouteApi('/shell/t/$tenant/api-keys');
const idOf = (key: ApiKey) => key.id;

export function ApiKeysPage() {
  const who = useMember();
  const [making, setMaking] = useMake();
  if (!may(who, 'ReadApiKeys'))
    return (
      <Page title="API keys">
        <MayNot who="Admins and owners" what="see, make and revoke API keys" />
      </Page>
    );
  const make = (
    <Button size="sm" onClick={() => setMaking(true)}>
      <Icon as={Plus} /> Make key
    </Button>
  );
  return (
    <Page
      title="API keys"
      lead={`Identities of machines in the workspace ${who.workspace}. All of them share the workspace's limits.`}
      actions={make}
    >
      <List make={make} />
      {making && <MakeDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function List({ make }: { make: ReactNode }) {
  const { cursor } = route.useSearch();
  const apiKeys = useApiKeys(cursor);
  const members = useMembers(undefined, 200).data;
  const { asked, ask, close } = useAsked<KeyDeed, ApiKey>(apiKeys.data?.items, idOf);
  const columns = useMemo(() => {
    const names = new Map(members?.items.map((member) => [member.user_id, member.name || member.email]));
    return keyColumns((user) => names.get(user) ?? (members ? 'somebody who left' : '…'), ask);
  }, [members, ask]);
  return (
    <>
      <DataTable
        label="API keys"
        columns={columns}
        query={apiKeys}
        rowId={idOf}
        empty={
          <EmptyState icon={KeyRound} title="No API key yet" action={make}>
            A key lets a program work in this workspace. It is shown once, when it is made.
          </EmptyState>
        }
      />
      {asked?.does === 'replace' && <ReplaceDialog old={asked.row} onClose={close} />}
      {asked?.does === 'revoke' && <RevokeDialog apiKey={asked.row} onClose={close} />}
    </>
  );
}
