// Where one is a member, and the way out of the workspace of this tab. Used by `AccountPage`.
import { Badge, Box, Button, HStack, Stack, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { useWho } from '../../session/session';
import { sentence } from '../../ui/format';
import { LeaveDialog } from '../members/LeaveDialog';
import { Section } from './Section';

export function Places() {
  const who = useWho();
  const [leaving, setLeaving] = useState(false);
  const here = who.kind === 'member' ? who.workspaceId : undefined;
  return (
    <Section title="Workspaces" lead="Where you are a member. To leave one, work there first.">
      {who.memberships.length === 0 ? (
        <Text color="fg.muted">You are a member of no workspace.</Text>
      ) : (
        <Stack gap="0" role="list" aria-label="Memberships" borderWidth="1px" rounded="lg" bg="bg.panel">
          {who.memberships.map((one) => (
            <HStack
              key={one.workspace_id}
              role="listitem"
              justify="space-between"
              gap="3"
              px="4"
              py="3"
              borderTopWidth="1px"
              _first={{ borderTopWidth: '0' }}
            >
              <Box minW="0">
                <HStack gap="2" wrap="wrap">
                  <Text fontWeight="medium" overflowWrap="anywhere">
                    {one.tenant_name}
                  </Text>
                  {one.workspace_id === here && (
                    <Badge size="sm" colorPalette="green">
                      This tab
                    </Badge>
                  )}
                </HStack>
                <Text color="fg.muted" textStyle="xs" overflowWrap="anywhere">
                  {one.workspace}, {sentence(one.role)}
                </Text>
              </Box>
              {one.workspace_id === here && (
                <Button size="xs" variant="outline" onClick={() => setLeaving(true)}>
                  Leave
                </Button>
              )}
            </HStack>
          ))}
        </Stack>
      )}
      {leaving && <LeaveDialog onClose={() => setLeaving(false)} />}
    </Section>
  );
}
