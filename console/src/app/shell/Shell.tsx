// The frame around every page of who is signed in: navigation, bar, main, palette. Owns the live stream's life. Used by the router.
import { Box, Flex, SkipNavContent, SkipNavLink } from '@chakra-ui/react';
import { useQueryClient } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { startLive, stopLive } from '../../api/live';
import { feedCache } from '../../api/liveCache';
import { useSession } from '../../session/session';
import { may } from '../../session/who';
import { lazyPart } from '../../ui/lazyPart';
import { SideNav } from './SideNav';
import { TopBar } from './TopBar';
import { usePaletteKey } from './usePaletteKey';

const Palette = lazyPart(() => import('./Palette').then((module) => module.Palette));

/** The stream runs for whoever may hear it, and ends with them. */
function useLiveStream(wanted: boolean) {
  const client = useQueryClient();
  useEffect(() => {
    if (!wanted) return;
    const stop = feedCache(client);
    startLive();
    return () => {
      stop();
      stopLive();
    };
  }, [wanted, client]);
}

export function Shell() {
  const session = useSession();
  const who = session.status === 'in' ? session.who : null;
  const [palette, setPalette] = useState(false);
  usePaletteKey(() => setPalette((open) => !open));
  // What `GET /v1/events` asks for: operators, and a tenant's admins for their own trail.
  useLiveStream(who !== null && may(who, 'ReadAudit'));
  if (!who) return null;
  return (
    <Flex minH="100dvh">
      <SkipNavLink>Skip to the page</SkipNavLink>
      <Box
        as="aside"
        hideBelow="lg"
        w="60"
        flexShrink="0"
        borderEndWidth="1px"
        bg="bg.sidebar"
        position="sticky"
        top="0"
        h="100dvh"
        overflowY="auto"
      >
        <SideNav who={who} />
      </Box>
      <Flex direction="column" flex="1" minW="0">
        <TopBar who={who} onPalette={() => setPalette(true)} />
        <SkipNavContent asChild>
          <Box as="main" flex="1" px={{ base: '4', md: '8' }} py={{ base: '5', md: '7' }} minW="0">
            <Outlet />
          </Box>
        </SkipNavContent>
      </Flex>
      {palette && <Palette who={who} onClose={() => setPalette(false)} />}
    </Flex>
  );
}
