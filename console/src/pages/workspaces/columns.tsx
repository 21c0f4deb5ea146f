// Columns of the workspaces table. Used by `WorkspacesPage`.
import { Badge, HStack, Text } from '@chakra-ui/react';
import type { Membership, Workspace } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { lazyPart } from '../../ui/lazyPart';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';
import type { WorkspaceDeed } from './RowMenu';

// Behind the rows: they are read before anything is done to one.
const RowMenu = lazyPart(() => import('./RowMenu').then((module) => module.RowMenu));

const column = columnsOf<Workspace>();

/** With the workspace where one is, and what one is in each. */
export function workspaceColumns(
  here: string,
  memberships: Membership[],
  onAsk: Ask<WorkspaceDeed, Workspace>,
) {
  const roleIn = (id: string) => memberships.find((one) => one.workspace_id === id)?.role;
  return column.columns([
    column.accessor('name', {
      meta: { label: 'Workspace', fixed: true },
      cell: ({ row: { original } }) => (
        <HStack gap="2" wrap="wrap">
          <Text fontWeight="medium" overflowWrap="anywhere">
            {original.name}
          </Text>
          {original.is_default && (
            <Badge size="sm" variant="outline" colorPalette="gray">
              Default
            </Badge>
          )}
          {original.id === here && (
            <Text as="span" textStyle="xs" color="fg.muted">
              you are here
            </Text>
          )}
        </HStack>
      ),
    }),
    column.accessor('slug', {
      meta: { label: 'Slug' },
      cell: (cell) => <CopyId id={cell.getValue()} label="slug" />,
    }),
    column.accessor('archived_at', {
      meta: { label: 'Status' },
      cell: ({ row: { original } }) => (
        <HStack gap="2" wrap="wrap">
          <StatusBadge status={original.archived_at ? 'archived' : 'active'} />
          {original.archived_at && <RelativeTime at={original.archived_at} />}
        </HStack>
      ),
    }),
    column.display({
      id: 'role',
      meta: { label: 'Your role' },
      cell: ({ row: { original } }) => {
        const role = roleIn(original.id);
        return role ? (
          sentence(role)
        ) : (
          <Text as="span" color="fg.muted">
            Not a member
          </Text>
        );
      },
    }),
    column.accessor('created_at', {
      meta: { label: 'Made' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('id', {
      meta: { label: 'Workspace id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="workspace id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) => <RowMenu workspace={original} onAsk={onAsk} />,
    }),
  ]);
}
