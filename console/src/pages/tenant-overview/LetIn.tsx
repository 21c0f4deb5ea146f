// Operators who were let into the tenant, why and until when; an owner ends that. Reads `GET /v1/access-grants`. Used by the overview.
import { Box, Button, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call } from '../../api/client';
import type { Shape } from '../../api/types';
import { type MemberWho, may } from '../../session/who';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { RelativeTime } from '../../ui/Time';
import { failed, said } from '../../ui/toast';
import { Panel } from './Panel';

type Grant = Shape<'AccessGrant'>;

const grantsKey = ['access-grants'] as const;

export function LetIn({ who }: { who: MemberWho }) {
  const grants = useQuery({
    queryKey: grantsKey,
    queryFn: ({ signal }) => call(api.GET('/v1/access-grants', { params: { query: { limit: 10 } }, signal })),
  });
  return (
    <Panel title="Operators who were let in">
      {grants.isError ? (
        <ProblemHelp compact error={grants.error} retry={() => void grants.refetch()} />
      ) : !grants.data ? (
        <Skeleton h="5" aria-busy />
      ) : grants.data.items.length === 0 ? (
        <Text color="fg.muted">
          None. Operators of the platform are in no tenant; who is let in gives a reason, and it stands here.
        </Text>
      ) : (
        <Stack gap="3" role="list" aria-label="Operators who were let in">
          {grants.data.items.map((grant) => (
            <Line key={grant.id} grant={grant} mayEnd={may(who, 'EndAccessGrant')} />
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function Line({ grant, mayEnd }: { grant: Grant; mayEnd: boolean }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => call(api.DELETE('/v1/access-grants/{id}', { params: { path: { id: grant.id } } })),
    onSuccess: () => said(`The access of ${grant.operator} has ended`),
    onError: (thrown) => failed('Not ended', thrown),
    onSettled: () => client.invalidateQueries({ queryKey: grantsKey }),
  });
  const over = grant.ended_at ?? (Date.parse(grant.expires_at) <= Date.now() ? grant.expires_at : undefined);
  return (
    <HStack role="listitem" justify="space-between" gap="3" align="flex-start">
      <Box minW="0">
        <Text fontWeight="medium" overflowWrap="anywhere">
          {grant.operator}, as {grant.role}
        </Text>
        <Text overflowWrap="anywhere">{grant.reason}</Text>
        <Text textStyle="xs" color="fg.muted">
          {over ? 'ended ' : 'ends '}
          <RelativeTime at={over ?? grant.expires_at} />
        </Text>
      </Box>
      {mayEnd && !over && (
        <Button
          size="xs"
          variant="outline"
          loading={end.isPending}
          aria-label={`End the access of ${grant.operator}`}
          onClick={() => end.mutate()}
        >
          End
        </Button>
      )}
    </HStack>
  );
}
