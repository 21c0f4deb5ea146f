// The tenant's workspaces: make, rename, archive, choose the default, go there. Reads `GET /v1/workspaces`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Archive, Boxes, Plus } from 'lucide-react';
import { useMemo } from 'react';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useTableSearch } from '../../ui/table/useTableSearch';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { useWorkspaces } from './api';
import { workspaceColumns } from './columns';
import { MakeDialog } from './MakeDialog';

const route = getRouteApi('/shell/t/$tenant/workspaces');

export function WorkspacesPage() {
  const who = useMember();
  const { archived = false } = route.useSearch();
  const workspaces = useWorkspaces(archived);
  const [making, setMaking] = useMake();
  const mayWrite = may(who, 'WriteWorkspaces');
  const columns = useMemo(() => workspaceColumns(who.workspaceId, who.memberships), [who]);
  return (
    <Page
      title="Workspaces"
      lead={`Divisions inside ${who.tenantName}. Each has its own members, API keys and rows.`}
      actions={
        mayWrite && (
          <Button size="sm" onClick={() => setMaking(true)}>
            <Icon as={Plus} /> Make workspace
          </Button>
        )
      }
    >
      {!mayWrite && <MayNot who="Owners" what="make, rename and archive workspaces" />}
      <DataTable
        label="Workspaces"
        columns={columns}
        query={workspaces}
        rowId={(workspace) => workspace.id}
        filters={<ArchivedFilter shown={archived} />}
        empty={<EmptyState icon={Boxes} title="No workspace is here" />}
      />
      {mayWrite && making && <MakeDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

function ArchivedFilter({ shown }: { shown: boolean }) {
  const { filter } = useTableSearch();
  return (
    <Button
      size="sm"
      variant={shown ? 'subtle' : 'ghost'}
      aria-pressed={shown}
      onClick={() => filter({ archived: shown ? undefined : true })}
    >
      <Icon as={Archive} /> Archived too
    </Button>
  );
}
