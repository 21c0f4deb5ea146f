// Columns of the members table. Used by `MembersPage`.
import { Box, HStack, Text } from '@chakra-ui/react';
import type { Member } from '../../api/types';
import type { MemberWho } from '../../session/who';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';
import { MEANS } from '../tenant-side/roles';
import { type MemberDeed, RowMenu } from './RowMenu';

const column = columnsOf<Member>();

/** Columns, with the actions of whoever looks. */
export function memberColumns(who: MemberWho, onAsk: Ask<MemberDeed, Member>) {
  return column.columns([
    column.accessor('email', {
      meta: { label: 'Member', fixed: true },
      cell: ({ row: { original } }) => (
        <Box minW="0">
          <HStack gap="2" wrap="wrap">
            <Text fontWeight="medium" overflowWrap="anywhere">
              {original.name || original.email}
            </Text>
            {original.user_id === who.id && (
              <Text as="span" textStyle="xs" color="fg.muted">
                you
              </Text>
            )}
          </HStack>
          <Text color="fg.muted" textStyle="xs" overflowWrap="anywhere">
            {original.email}
          </Text>
        </Box>
      ),
    }),
    column.accessor('role', {
      meta: { label: 'Role' },
      cell: ({ row: { original } }) => (
        <Box>
          <Text>{sentence(original.role)}</Text>
          <Text color="fg.muted" textStyle="xs" overflowWrap="anywhere">
            {MEANS[original.role]}
            {original.managed_by && `, managed by ${original.managed_by}`}
          </Text>
        </Box>
      ),
    }),
    column.accessor('created_at', {
      meta: { label: 'Since' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('user_id', {
      meta: { label: 'User id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="user id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) => <RowMenu member={original} onAsk={onAsk} />,
    }),
  ]);
}
