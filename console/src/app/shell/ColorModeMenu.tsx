// Light, dark, or as the system has it. Used by the top bar and the sign-in page.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { Monitor, Moon, Sun } from 'lucide-react';
import { Icon } from '../../ui/Icon';
import { type ColorWish, setColorMode, useColorMode } from '../colorMode';

const CHOICES = [
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
  { value: 'system', label: 'As the system', icon: Monitor },
] as const;

export function ColorModeMenu() {
  const wish = useColorMode();
  const now = CHOICES.find((choice) => choice.value === wish) ?? CHOICES[2];
  return (
    <Menu.Root lazyMount positioning={{ placement: 'bottom-end' }}>
      <Menu.Trigger asChild>
        <Button variant="ghost" size="sm" px="0" minW="8" aria-label={`Colours: ${now.label}`}>
          <Icon as={now.icon} />
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content>
            <Menu.RadioItemGroup
              value={wish}
              onValueChange={(change) => setColorMode(change.value as ColorWish)}
            >
              {CHOICES.map((choice) => (
                <Menu.RadioItem key={choice.value} value={choice.value}>
                  <Icon as={choice.icon} /> {choice.label}
                  <Menu.ItemIndicator />
                </Menu.RadioItem>
              ))}
            </Menu.RadioItemGroup>
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
