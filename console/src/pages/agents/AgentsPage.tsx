// Agents of the workspace: see, make, change, delete. Reads `GET /v1/agents`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Bot, Plus, SearchX } from 'lucide-react';
import { useMemo } from 'react';
import type { Agent } from '../../api/types';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { ChoiceFilter, ClearFilters } from '../../ui/FilterBar';
import { sentence } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { MayNot } from '../tenant-side/MayNot';
import { useMake } from '../tenant-side/useMake';
import { useMember } from '../tenant-side/useMember';
import { AgentDialog } from './AgentDialog';
import { STATUSES, useAgents } from './api';
import { agentColumns } from './columns';
import { DeleteDialog } from './DeleteDialog';
import type { AgentDeed } from './RowMenu';

const route = getRouteApi('/shell/t/$tenant/agents');
const idOf = (agent: Agent) => agent.id;

export function AgentsPage() {
  const who = useMember();
  const { status, cursor } = route.useSearch();
  const agents = useAgents({ status, cursor });
  const [making, setMaking] = useMake();
  const mayWrite = may(who, 'WriteAgents');
  const { asked, ask, close } = useAsked<AgentDeed, Agent>(agents.data?.items, idOf);
  const columns = useMemo(() => agentColumns(mayWrite, ask), [mayWrite, ask]);
  const make = mayWrite && (
    <Button size="sm" onClick={() => setMaking(true)}>
      <Icon as={Plus} /> Make agent
    </Button>
  );
  return (
    <Page title="Agents" lead={`They work on tasks in the workspace ${who.workspace}.`} actions={make}>
      {!mayWrite && <MayNot who="Members, admins and owners" what="make, change and delete agents" />}
      <DataTable
        label="Agents"
        columns={columns}
        query={agents}
        rowId={idOf}
        filters={
          <>
            <ChoiceFilter
              name="status"
              label="Status"
              options={STATUSES.map((word) => [word, sentence(word)])}
            />
            <ClearFilters names={['status']} />
          </>
        }
        empty={
          status ? (
            <EmptyState
              icon={SearchX}
              title={`No agent is ${status}`}
              action={<ClearFilters names={['status']} />}
            />
          ) : (
            <EmptyState icon={Bot} title="No agent yet" action={make}>
              An agent has a role, capabilities and standing instructions. Programs give it work with the API.
            </EmptyState>
          )
        }
      />
      {mayWrite && making && <AgentDialog onClose={() => setMaking(false)} />}
      {asked?.does === 'change' && <AgentDialog agent={asked.row} onClose={close} />}
      {asked?.does === 'delete' && <DeleteDialog agent={asked.row} onClose={close} />}
    </Page>
  );
}
