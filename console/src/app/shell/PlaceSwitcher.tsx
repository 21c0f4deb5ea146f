// Where this tab works: as an operator, or in a workspace of a tenant; and the way elsewhere. Other tabs stay where they are.
// Used by the side navigation.
import { Box, Button, Menu, Portal, Text } from '@chakra-ui/react';
import { useNavigate } from '@tanstack/react-router';
import { Check, ChevronsUpDown, ShieldCheck } from 'lucide-react';
import type { Membership } from '../../api/types';
import { goTo } from '../../session/session';
import { homeOf, type Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';

function titleOf(who: Who): [string, string] {
  if (who.kind === 'operator') return ['Platform', `Operator, ${who.role}`];
  if (who.kind === 'member') return [who.tenantName, `${who.workspace}, ${who.role}`];
  return ['No workspace', 'Choose where to work'];
}

const isHere = (who: Who, one: Membership) => who.kind === 'member' && who.workspaceId === one.workspace_id;

export function PlaceSwitcher({ who }: { who: Who }) {
  const navigate = useNavigate();
  const [title, detail] = titleOf(who);
  const go = async (value: string) => {
    const one = who.memberships.find((membership) => membership.workspace_id === value);
    try {
      const now = await goTo(one ? { tenant: one.tenant, workspace: one.workspace } : {});
      if (now.status === 'in') await navigate({ href: homeOf(now.who) });
    } catch (thrown) {
      failed('Not switched', thrown);
    }
  };
  const label = (
    <Box textAlign="start" minW="0" flex="1">
      <Text fontWeight="medium" truncate>
        {title}
      </Text>
      <Text textStyle="xs" color="fg.muted" truncate>
        {detail}
      </Text>
    </Box>
  );
  const alone = who.memberships.length === 0 || (who.memberships.length === 1 && who.kind === 'member');
  if (alone && !(who.kind !== 'operator' && who.operatorToo))
    return (
      <Box px="3" py="2" borderWidth="1px" rounded="md" bg="bg.panel">
        {label}
      </Box>
    );
  return (
    <Menu.Root onSelect={(choice) => void go(choice.value)} positioning={{ sameWidth: true }} lazyMount>
      <Menu.Trigger asChild>
        <Button
          variant="outline"
          h="auto"
          py="2"
          px="3"
          bg="bg.panel"
          w="full"
          aria-label={`${title}, ${detail}. Work somewhere else`}
        >
          {label}
          <Icon as={ChevronsUpDown} color="fg.muted" />
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content maxH="80" overflowY="auto">
            {who.operatorToo && (
              <Menu.ItemGroup>
                <Menu.Item value="operator">
                  <Icon as={ShieldCheck} />
                  <Box flex="1">Platform</Box>
                  {who.kind === 'operator' && <Icon as={Check} />}
                </Menu.Item>
              </Menu.ItemGroup>
            )}
            <Menu.ItemGroup>
              <Menu.ItemGroupLabel>Workspaces</Menu.ItemGroupLabel>
              {who.memberships.map((one) => (
                <Menu.Item key={one.workspace_id} value={one.workspace_id}>
                  <Box flex="1" minW="0">
                    <Text truncate>{one.tenant_name}</Text>
                    <Text textStyle="xs" color="fg.muted" truncate>
                      {one.workspace}, {one.role}
                    </Text>
                  </Box>
                  {isHere(who, one) && <Icon as={Check} />}
                </Menu.Item>
              ))}
            </Menu.ItemGroup>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
