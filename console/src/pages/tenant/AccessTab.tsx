// Operators who were let into a tenant, and those who are in. Reads `GET /v1/access-grants`. Used by `TenantPage`.
import { Button, Text } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { DoorOpen } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Shape } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { CopyId } from '../../ui/Copy';
import { EmptyState } from '../../ui/EmptyState';
import { sentence } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { DataTable } from '../../ui/table/DataTable';
import { columnsOf } from '../../ui/table/features';
import { said } from '../../ui/toast';
import { useEndGrant, useGrants } from './api';

type Grant = Shape<'AccessGrant'>;

const route = getRouteApi('/shell/operator/tenants/$slug');
const column = columnsOf<Grant>();

export function isOpen(grant: Grant, now: number): boolean {
  return !grant.ended_at && Date.parse(grant.expires_at) > now;
}

function grantColumns(mayEnd: boolean, onEnd: (grant: Grant) => void) {
  return column.columns([
    column.accessor('reason', {
      meta: { label: 'Reason', fixed: true },
      cell: (cell) => <Text lineClamp="3">{cell.getValue()}</Text>,
    }),
    column.accessor('operator', {
      meta: { label: 'Operator' },
      cell: (cell) => <CopyId id={cell.getValue()} label="operator" short />,
    }),
    column.accessor('role', { meta: { label: 'As' }, cell: (cell) => sentence(cell.getValue()) }),
    column.display({
      id: 'state',
      meta: { label: 'State' },
      cell: ({ row: { original } }) =>
        isOpen(original, Date.now()) ? (
          <StatusBadge status="open" />
        ) : (
          <StatusBadge
            status={original.ended_at ? 'revoked' : 'expired'}
            label={original.ended_at ? 'Ended' : 'Over'}
          />
        ),
    }),
    column.accessor('created_at', {
      meta: { label: 'Opened' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('expires_at', {
      meta: { label: 'Until' },
      cell: ({ row: { original } }) => <RelativeTime at={original.ended_at ?? original.expires_at} />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) =>
        mayEnd && isOpen(original, Date.now()) ? (
          <Button size="xs" variant="outline" onClick={() => onEnd(original)}>
            End
          </Button>
        ) : null,
    }),
  ]);
}

export function AccessTab({ slug }: { slug: string }) {
  const who = useWho();
  const { cursor } = route.useSearch();
  const grants = useGrants(slug, cursor);
  const end = useEndGrant(slug);
  const [ending, setEnding] = useState<Grant | null>(null);
  const mayEnd = may(who, 'EndAccessGrant');
  const columns = useMemo(() => grantColumns(mayEnd, setEnding), [mayEnd]);
  return (
    <>
      <DataTable
        label="Access grants"
        columns={columns}
        query={grants}
        rowId={(grant) => grant.id}
        empty={
          <EmptyState icon={DoorOpen} title="No operator was ever let in">
            An access grant lets an operator into a workspace for a reason and a while. The tenant's owner
            sees each, here and in the audit trail.
          </EmptyState>
        }
      />
      {ending && (
        <ConfirmDialog
          title="End this access grant?"
          action="End access"
          effects={['Its token is refused at once, on every server.', 'The grant stays in this list.']}
          confirm={async () => {
            await end.mutateAsync(ending.id);
            said('Access ended');
          }}
          onClose={() => setEnding(null)}
        />
      )}
    </>
  );
}
