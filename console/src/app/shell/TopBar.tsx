// The bar at the top: breadcrumbs, palette, live state, colour mode, user. Used by the shell.
import { Button, Flex, HStack, Kbd } from '@chakra-ui/react';
import { Menu as MenuGlyph, Search } from 'lucide-react';
import { useState } from 'react';
import type { Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { IconButton } from '../../ui/IconButton';
import { lazyPart } from '../../ui/lazyPart';
import { Crumbs } from './Crumbs';
import { LiveDot } from './LiveDot';
import { ColorModeMenu, UserMenu } from './menus';
import { PALETTE_KEY } from './usePaletteKey';

const PhoneNav = lazyPart(() => import('./PhoneNav').then((module) => module.PhoneNav));

export function TopBar({ who, onPalette }: { who: Who; onPalette: () => void }) {
  const [navigation, setNavigation] = useState(false);
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
      <Button
        variant="ghost"
        size="sm"
        px="0"
        minW="8"
        hideFrom="lg"
        aria-label="Open navigation"
        aria-haspopup="dialog"
        aria-expanded={navigation}
        onClick={() => setNavigation(true)}
      >
        <Icon as={MenuGlyph} />
      </Button>
      {navigation && <PhoneNav who={who} onClose={() => setNavigation(false)} />}
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
        {/* Their place is kept while they load. */}
        <HStack gap="1" minW="17" minH="8" justify="flex-end">
          <ColorModeMenu />
          <UserMenu who={who} />
        </HStack>
      </HStack>
    </Flex>
  );
}
