// Columns of the invitations table. Used by `InvitationsPage`.
import { Button, HStack, Text } from '@chakra-ui/react';
import type { Invitation } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';

const column = columnsOf<Invitation>();

export function invitationColumns(onAsk: Ask<'revoke', Invitation>) {
  return column.columns([
    column.accessor('email', {
      meta: { label: 'Invited', fixed: true },
      cell: (cell) => (
        <Text fontWeight="medium" overflowWrap="anywhere">
          {cell.getValue()}
        </Text>
      ),
    }),
    column.accessor('role', { meta: { label: 'As' }, cell: (cell) => sentence(cell.getValue()) }),
    column.accessor('status', {
      meta: { label: 'Status' },
      cell: ({ row: { original } }) => (
        <HStack gap="2" wrap="wrap">
          <StatusBadge status={original.status} />
          {original.status === 'open' && (
            <Text as="span" color="fg.muted" textStyle="xs">
              ends <RelativeTime at={original.expires_at} />
            </Text>
          )}
        </HStack>
      ),
    }),
    column.accessor('mailed', {
      meta: { label: 'Link' },
      cell: (cell) => (cell.getValue() ? 'mailed' : 'passed on by hand'),
    }),
    column.accessor('created_at', {
      meta: { label: 'Sent' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('id', {
      meta: { label: 'Invitation id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="invitation id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) =>
        original.status === 'open' ? (
          <Button
            size="xs"
            variant="outline"
            aria-label={`Revoke the invitation of ${original.email}`}
            onClick={() => onAsk('revoke', original)}
          >
            Revoke
          </Button>
        ) : null,
    }),
  ]);
}
