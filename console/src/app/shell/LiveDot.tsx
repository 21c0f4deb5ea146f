// Whether what is on screen follows what happens. A word beside the dot: colour alone says nothing. Used by the top bar.
import { HStack, Status, Text } from '@chakra-ui/react';
import { type LiveState, useLiveState } from '../../api/live';
import { Tip } from '../../ui/Tip';

const LOOKS: Record<Exclude<LiveState, 'off'>, [word: string, palette: string, detail: string]> = {
  connecting: ['Connecting', 'gray', 'Opening the stream of events.'],
  live: ['Live', 'green', 'This page follows what happens.'],
  offline: ['Offline', 'orange', 'No connection to the stream of events. It is tried again by itself.'],
};

export function LiveDot() {
  const state = useLiveState();
  if (state === 'off') return null;
  const [word, palette, detail] = LOOKS[state];
  return (
    <Tip text={detail}>
      <HStack gap="1.5" px="2" h="8" role="status" data-live={state}>
        <Status.Root colorPalette={palette} size="sm" gap="0">
          <Status.Indicator />
        </Status.Root>
        <Text textStyle="xs" color="fg.muted" hideBelow="sm">
          {word}
        </Text>
        <Text srOnly hideFrom="sm">
          {word}
        </Text>
      </HStack>
    </Tip>
  );
}
