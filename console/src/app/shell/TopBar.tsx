// The bar at the top: breadcrumbs, palette, live state, colour mode, user. Used by the shell.
import { Button, Drawer, Flex, HStack, Kbd, Portal } from '@chakra-ui/react';
import { Menu as MenuGlyph, Search } from 'lucide-react';
import { useState } from 'react';
import type { Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { IconButton } from '../../ui/IconButton';
import { ColorModeMenu } from './ColorModeMenu';
import { Crumbs } from './Crumbs';
import { LiveDot } from './LiveDot';
import { SideNav } from './SideNav';
import { UserMenu } from './UserMenu';
import { PALETTE_KEY } from './usePaletteKey';

export function TopBar({ who, onPalette }: { who: Who; onPalette: () => void }) {
  return (
    <Flex
      as="header"
      align="center"
      gap="2"
      h="14"
      px={{ base: '2', md: '6' }}
      borderBottomWidth="1px"
      position="sticky"
      top="0"
      bg="bg"
      zIndex="sticky"
    >
      <PhoneNav who={who} />
      <Crumbs />
      <HStack gap="1" ms="auto">
        <Button
          variant="outline"
          size="sm"
          color="fg.muted"
          fontWeight="normal"
          hideBelow="md"
          onClick={onPalette}
          aria-label="Search and go to"
        >
          <Icon as={Search} /> Go to…
          <Kbd size="sm" ms="4">
            {PALETTE_KEY}
          </Kbd>
        </Button>
        <IconButton icon={Search} label="Search and go to" hideFrom="md" onClick={onPalette} />
        <LiveDot />
        <ColorModeMenu />
        <UserMenu who={who} />
      </HStack>
    </Flex>
  );
}

function PhoneNav({ who }: { who: Who }) {
  const [open, setOpen] = useState(false);
  return (
    <Drawer.Root
      open={open}
      onOpenChange={(change) => setOpen(change.open)}
      placement="start"
      size="xs"
      lazyMount
      unmountOnExit
    >
      <Drawer.Trigger asChild>
        <Button variant="ghost" size="sm" px="0" minW="8" hideFrom="lg" aria-label="Open navigation">
          <Icon as={MenuGlyph} />
        </Button>
      </Drawer.Trigger>
      <Portal>
        <Drawer.Backdrop />
        <Drawer.Positioner>
          <Drawer.Content maxW="72" aria-label="Navigation">
            <SideNav who={who} onGo={() => setOpen(false)} />
          </Drawer.Content>
        </Drawer.Positioner>
      </Portal>
    </Drawer.Root>
  );
}
