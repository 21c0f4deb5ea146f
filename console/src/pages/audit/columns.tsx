// Columns of the audit viewer. Used by `AuditPage`.
import { Box, Button, Text } from '@chakra-ui/react';
import type { AuditEvent } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import { actorOf } from './api';

const column = columnsOf<AuditEvent>();

interface Wish {
  names: Map<string, string>;
  /** Whether events of several tenants are in the list. */
  tenants: boolean;
  onOpen: (event: AuditEvent) => void;
}

export function auditColumns({ names, tenants, onOpen }: Wish) {
  return column.columns([
    column.accessor('action', {
      meta: { label: 'Action', fixed: true },
      cell: ({ row: { original } }) => (
        <Button
          variant="plain"
          size="sm"
          px="0"
          h="6"
          maxW="full"
          fontWeight="medium"
          onClick={() => onOpen(original)}
        >
          <Text truncate>{original.action}</Text>
        </Button>
      ),
    }),
    column.accessor('occurred_at', {
      meta: { label: 'When' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('actor', {
      meta: { label: 'Actor' },
      cell: ({ row: { original } }) => {
        const { kind, name } = actorOf(original, names);
        return (
          <Box minW="0">
            {name && <Text truncate>{name}</Text>}
            <Text {...(name ? { textStyle: 'xs', color: 'fg.muted' } : {})}>{kind}</Text>
            {!name && original.actor_kind !== 'system' && <CopyId id={original.actor} label="actor" short />}
          </Box>
        );
      },
    }),
    column.accessor('target', {
      meta: { label: 'Target' },
      cell: ({ row: { original } }) => (
        <Box minW="0">
          <Text textStyle="xs" color="fg.muted">
            {original.target_kind?.replaceAll('_', ' ') ?? '–'}
          </Text>
          {original.target && <CopyId id={original.target} label="target" short />}
        </Box>
      ),
    }),
    ...(tenants
      ? [
          column.accessor('tenant_id', {
            meta: { label: 'Tenant' },
            cell: ({ row: { original } }) =>
              original.tenant_id ? (
                <CopyId id={original.tenant_id} label="tenant id" short />
              ) : (
                <Text color="fg.muted">Platform</Text>
              ),
          }),
        ]
      : []),
    column.accessor('seq', {
      meta: { label: 'Number' },
      cell: ({ row: { original } }) =>
        original.sealed ? (
          <Text fontVariantNumeric="tabular-nums">{original.seq}</Text>
        ) : (
          <Text color="fg.muted">Not sealed yet</Text>
        ),
    }),
  ]);
}
