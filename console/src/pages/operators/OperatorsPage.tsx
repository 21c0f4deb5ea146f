// Operators: who they are, add, change role, unlock, remove. Reads `GET /v1/operators`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Plus, UserCog } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { lazyPart } from '../../ui/lazyPart';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useOperators } from './api';
import { operatorColumns } from './columns';

const AddDialog = lazyPart(() => import('./AddDialog').then((module) => module.AddDialog));
const route = getRouteApi('/shell/operator/operators');

export function OperatorsPage() {
  const who = useWho();
  const { cursor } = route.useSearch();
  const operators = useOperators(cursor);
  const [adding, setAdding] = useState(false);
  const mayWrite = may(who, 'WriteOperators');
  const columns = useMemo(() => operatorColumns(who.id, mayWrite), [who.id, mayWrite]);
  const add = mayWrite && (
    <Button size="sm" onClick={() => setAdding(true)}>
      <Icon as={Plus} /> Add operator
    </Button>
  );
  return (
    <Page
      title="Operators"
      lead="Users of the platform itself. No operator is a member of a tenant by being one."
      actions={add}
    >
      <DataTable
        label="Operators"
        columns={columns}
        query={operators}
        rowId={(operator) => operator.user_id}
        empty={
          <EmptyState icon={UserCog} title="No operator is named yet" action={add}>
            Whoever holds the operator token is an admin without a name. Add people, so that the audit trail
            says who did what.
          </EmptyState>
        }
      />
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
