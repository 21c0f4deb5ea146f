// The navigation at the side: who one is here, and where one can go. Used by the shell and its drawer on phones.
import { Box, HStack, Stack, Text } from '@chakra-ui/react';
import { Link, useLocation } from '@tanstack/react-router';
import type { Who } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { isHere, type NavLine, navFor } from '../nav';
import { Brand } from './Brand';
import { PlaceSwitcher } from './menus';

export function SideNav({ who, onGo }: { who: Who; onGo?: () => void }) {
  const pathname = useLocation({ select: (location) => location.pathname });
  return (
    <Stack gap="4" p="3" h="full">
      <Box px="2" pt="1">
        <Brand />
      </Box>
      <PlaceSwitcher who={who} />
      <Box as="nav" aria-label="Main">
        <Stack gap="4">
          {navFor(who).map((group) => (
            <Stack key={group.label} gap="0.5" role="group" aria-label={group.label}>
              <Text px="2" textStyle="xs" color="fg.muted" fontWeight="medium" mb="1" aria-hidden>
                {group.label}
              </Text>
              {group.lines.map((line) => (
                <Line key={line.path} line={line} here={isHere(line, pathname)} onGo={onGo} />
              ))}
            </Stack>
          ))}
        </Stack>
      </Box>
    </Stack>
  );
}

function Line({ line, here, onGo }: { line: NavLine; here: boolean; onGo: (() => void) | undefined }) {
  return (
    <HStack
      asChild
      gap="2.5"
      px="2"
      h="8"
      rounded="md"
      color={here ? 'fg' : 'fg.muted'}
      fontWeight={here ? 'medium' : 'normal'}
      bg={here ? 'bg.emphasized' : 'transparent'}
      _hover={{ bg: here ? 'bg.emphasized' : 'bg.muted', color: 'fg' }}
    >
      <Link to={line.path} aria-current={here ? 'page' : undefined} onClick={() => onGo?.()}>
        <Icon as={line.icon} color={here ? 'accent.fg' : 'fg.muted'} />
        {line.label}
      </Link>
    </HStack>
  );
}
