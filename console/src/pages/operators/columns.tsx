// Columns of the operators table. Used by `OperatorsPage`.
import { Box, HStack, Text } from '@chakra-ui/react';
import type { Operator } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { lazyPart } from '../../ui/lazyPart';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';
import type { OperatorDeed } from './RowMenu';

// Behind the rows: they are read before anything is done to one.
const RowMenu = lazyPart(() => import('./RowMenu').then((module) => module.RowMenu));

const column = columnsOf<Operator>();

/** Columns, with the actions of whoever looks. */
export function operatorColumns(
  own: string | undefined,
  mayWrite: boolean,
  onAsk: Ask<OperatorDeed, Operator>,
) {
  return column.columns([
    column.accessor('email', {
      meta: { label: 'Operator', fixed: true },
      cell: ({ row: { original } }) => (
        <Box minW="0">
          <HStack gap="2">
            <Text fontWeight="medium">{original.name || original.email}</Text>
            {original.user_id === own && (
              <Text as="span" textStyle="xs" color="fg.muted">
                you
              </Text>
            )}
          </HStack>
          <Text color="fg.muted" textStyle="xs">
            {original.email}
          </Text>
        </Box>
      ),
    }),
    column.accessor('role', { meta: { label: 'Role' }, cell: (cell) => sentence(cell.getValue()) }),
    column.accessor('locked_at', {
      meta: { label: 'Sign-in' },
      cell: ({ row: { original } }) =>
        original.locked_at ? (
          <HStack gap="2" wrap="wrap">
            <StatusBadge status="locked" />
            <RelativeTime at={original.locked_at} />
          </HStack>
        ) : (
          <StatusBadge status="active" label="Allowed" />
        ),
    }),
    column.accessor('created_at', {
      meta: { label: 'Added' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('user_id', {
      meta: { label: 'User id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="user id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      // Nobody changes or removes themselves: the server refuses it.
      cell: ({ row: { original } }) =>
        mayWrite && original.user_id !== own ? <RowMenu operator={original} onAsk={onAsk} /> : null,
    }),
  ]);
}
