// Columns of the agents table. Used by `AgentsPage`.
import { Box, Text } from '@chakra-ui/react';
import type { Agent } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { lazyPart } from '../../ui/lazyPart';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';
import type { AgentDeed } from './RowMenu';

// Behind the rows: they are read before anything is done to one.
const RowMenu = lazyPart(() => import('./RowMenu').then((module) => module.RowMenu));

const column = columnsOf<Agent>();

/** `onAsk`: where it may be changed, what to do with one. */
export function agentColumns(mayWrite: boolean, onAsk: Ask<AgentDeed, Agent>) {
  return column.columns([
    column.accessor('name', {
      meta: { label: 'Agent', fixed: true },
      cell: ({ row: { original } }) => (
        <Box minW="0">
          <Text fontWeight="medium" overflowWrap="anywhere">
            {original.name}
          </Text>
          <Text color="fg.muted" textStyle="xs" overflowWrap="anywhere">
            {original.role}
          </Text>
        </Box>
      ),
    }),
    column.accessor('status', {
      meta: { label: 'Status' },
      cell: (cell) => <StatusBadge status={cell.getValue()} />,
    }),
    column.accessor('capabilities', {
      meta: { label: 'Capabilities' },
      cell: (cell) => (
        <Text lineClamp="2" title={cell.getValue().join(', ')}>
          {cell.getValue().join(', ') || '–'}
        </Text>
      ),
    }),
    column.accessor('updated_at', {
      meta: { label: 'Changed' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('created_at', {
      meta: { label: 'Made' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('id', {
      meta: { label: 'Agent id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="agent id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) => (mayWrite ? <RowMenu agent={original} onAsk={onAsk} /> : null),
    }),
  ]);
}
