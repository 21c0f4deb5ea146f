// Who is signed in, and the way out. Used by the top bar.
import { Avatar, Box, Button, Menu, Portal, Text } from '@chakra-ui/react';
import { BookOpen, LogOut } from 'lucide-react';
import { signOut } from '../../session/session';
import { nameOf, type Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';

export function UserMenu({ who }: { who: Who }) {
  const name = nameOf(who);
  const choose = (value: string) => {
    if (value === 'out') signOut().catch((thrown) => failed('Not signed out', thrown));
    if (value === 'docs') window.open('/docs', '_blank', 'noopener');
  };
  return (
    <Menu.Root
      onSelect={(choice) => choose(choice.value)}
      lazyMount
      positioning={{ placement: 'bottom-end' }}
    >
      <Menu.Trigger asChild>
        <Button variant="ghost" size="sm" px="1" minW="8" rounded="full" aria-label={`Account of ${name}`}>
          <Avatar.Root size="2xs" colorPalette="accent">
            <Avatar.Fallback name={name} />
          </Avatar.Root>
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minW="56">
            <Box px="2" py="1.5">
              <Text fontWeight="medium" truncate>
                {name}
              </Text>
              <Text textStyle="xs" color="fg.muted" truncate>
                {who.email ?? 'Signed in with the operator token, in this tab only'}
              </Text>
            </Box>
            <Menu.Separator />
            <Menu.Item value="docs">
              <Icon as={BookOpen} /> API reference
            </Menu.Item>
            <Menu.Item value="out">
              <Icon as={LogOut} /> Sign out
            </Menu.Item>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
