// The tenant's workspaces: make, rename, archive, choose the default, go there. Reads `GET /v1/workspaces`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Archive, Boxes, Plus } from 'lucide-react';
import { useMemo } from 'react';
import type { Workspace } from '../../api/types';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { useTableSearch } from '../../ui/table/useTableSearch';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { useWorkspaces } from './api';
import { workspaceColumns } from './columns';
import { MakeDialog } from './MakeDialog';
import { ArchiveDialog, RenameDialog } from './RowDialogs';
import type { WorkspaceDeed } from './RowMenu';

const route = getRouteApi('/shell/t/$tenant/workspaces');
const idOf = (workspace: Workspace) => workspace.id;

export function WorkspacesPage() {
  const who = useMember();
  const { archived = false } = route.useSearch();
  const workspaces = useWorkspaces(archived);
  const [making, setMaking] = useMake();
  const mayWrite = may(who, 'WriteWorkspaces');
  const { asked, ask, close } = useAsked<WorkspaceDeed, Workspace>(workspaces.data?.items, idOf);
  const columns = useMemo(() => workspaceColumns(who.workspaceId, who.memberships, ask), [who, ask]);
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
        rowId={idOf}
        filters={<ArchivedFilter shown={archived} />}
        empty={<EmptyState icon={Boxes} title="No workspace is here" />}
      />
      {mayWrite && making && <MakeDialog onClose={() => setMaking(false)} />}
      {asked?.does === 'rename' && <RenameDialog workspace={asked.row} onClose={close} />}
      {asked?.does === 'archive' && <ArchiveDialog workspace={asked.row} onClose={close} />}
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
