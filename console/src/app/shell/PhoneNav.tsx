// The navigation in a drawer, for narrow screens. Loaded when it is first opened. Used by the top bar.
import { Drawer, Portal } from '@chakra-ui/react';
import type { Who } from '../../session/who';
import { SideNav } from './SideNav';

export function PhoneNav({ who, onClose }: { who: Who; onClose: () => void }) {
  return (
    <Drawer.Root open onOpenChange={(change) => !change.open && onClose()} placement="start" size="xs">
      <Portal>
        <Drawer.Backdrop />
        <Drawer.Positioner>
          <Drawer.Content maxW="72" aria-label="Navigation">
            <SideNav who={who} onGo={onClose} />
          </Drawer.Content>
        </Drawer.Positioner>
      </Portal>
    </Drawer.Root>
  );
}
