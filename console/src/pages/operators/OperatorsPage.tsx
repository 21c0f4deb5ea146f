// Operators: who they are, add, change role, unlock, remove. Reads `GET /v1/operators`.
import { Button } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Plus, UserCog } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Operator } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { lazyPart } from '../../ui/lazyPart';
import { Page } from '../../ui/Page';
import { DataTable } from '../../ui/table/DataTable';
import { useAsked } from '../../ui/table/useAsked';
import { useOperators } from './api';
import { operatorColumns } from './columns';
import type { OperatorDeed } from './RowMenu';

const AddDialog = lazyPart(() => import('./AddDialog').then((module) => module.AddDialog));
const RoleDialog = lazyPart(() => import('./RoleDialog').then((module) => module.RoleDialog));
const RemoveDialog = lazyPart(() => import('./RemoveDialog').then((module) => module.RemoveDialog));
const route = getRouteApi('/shell/operator/operators');
const idOf = (operator: Operator) => operator.user_id;

export function OperatorsPage() {
  const who = useWho();
  const { cursor } = route.useSearch();
  const operators = useOperators(cursor);
  const [adding, setAdding] = useState(false);
  const mayWrite = may(who, 'WriteOperators');
  const { asked, ask, close } = useAsked<OperatorDeed, Operator>(operators.data?.items, idOf);
  const columns = useMemo(() => operatorColumns(who.id, mayWrite, ask), [who.id, mayWrite, ask]);
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
        rowId={idOf}
        empty={
          <EmptyState icon={UserCog} title="No operator is named yet" action={add}>
            Whoever holds the operator token is an admin without a name. Add people, so that the audit trail
            says who did what.
          </EmptyState>
        }
      />
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {asked?.does === 'role' && <RoleDialog operator={asked.row} onClose={close} />}
      {asked?.does === 'remove' && <RemoveDialog operator={asked.row} onClose={close} />}
    </Page>
  );
}
