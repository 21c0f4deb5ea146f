// Columns of the API keys table. Used by `ApiKeysPage`.
import { Box, HStack, Stack, Text } from '@chakra-ui/react';
import type { ApiKey } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';
import type { Ask } from '../../ui/table/useAsked';
import { type KeyDeed, RowMenu } from './RowMenu';
import { stateOf } from './state';

const column = columnsOf<ApiKey>();

/** `nameOf`: who is who among the members, as far as they are known. */
export function keyColumns(nameOf: (user: string) => string, onAsk: Ask<KeyDeed, ApiKey>) {
  return column.columns([
    column.accessor('name', {
      meta: { label: 'Key', fixed: true },
      cell: ({ row: { original } }) => (
        <Box minW="0">
          <Text fontWeight="medium" overflowWrap="anywhere">
            {original.name}
          </Text>
          <CopyId id={original.public_id} label="public id" />
        </Box>
      ),
    }),
    column.display({
      id: 'status',
      meta: { label: 'Status' },
      cell: ({ row: { original } }) => <KeyStatus apiKey={original} />,
    }),
    column.accessor('role', {
      meta: { label: 'May' },
      cell: ({ row: { original } }) => (
        <Box>
          <Text>{sentence(original.role)}</Text>
          <Text color="fg.muted" textStyle="xs">
            {original.scopes.length === 0 ? 'all that the role may' : original.scopes.join(', ')}
          </Text>
        </Box>
      ),
    }),
    column.accessor('last_used_at', {
      meta: { label: 'Last used' },
      cell: (cell) => <RelativeTime at={cell.getValue()} />,
    }),
    column.accessor('created_at', {
      meta: { label: 'Made' },
      cell: ({ row: { original } }) => (
        <Stack gap="0">
          <RelativeTime at={original.created_at} />
          <Text color="fg.muted" textStyle="xs">
            by {original.created_by ? nameOf(original.created_by) : 'an operator'}
          </Text>
        </Stack>
      ),
    }),
    column.accessor('id', {
      meta: { label: 'Key id' },
      cell: (cell) => <CopyId id={cell.getValue()} label="key id" short />,
    }),
    column.display({
      id: 'actions',
      meta: { label: 'Actions', fixed: true, bare: true, align: 'end' },
      cell: ({ row: { original } }) => <RowMenu apiKey={original} onAsk={onAsk} />,
    }),
  ]);
}

function KeyStatus({ apiKey }: { apiKey: ApiKey }) {
  const state = stateOf(apiKey, Date.now());
  const ends = state === 'revoked' ? apiKey.revoked_at : apiKey.expires_at;
  return (
    <Stack gap="0.5">
      <HStack gap="2" wrap="wrap">
        <StatusBadge status={state} />
        {apiKey.replaced_by && (
          <Text as="span" textStyle="xs" color="fg.muted">
            replaced
          </Text>
        )}
      </HStack>
      <Text as="span" textStyle="xs" color="fg.muted" whiteSpace="nowrap">
        {state === 'active' && (ends ? 'ends ' : 'never ends')}
        {ends && <RelativeTime at={ends} />}
      </Text>
    </Stack>
  );
}
