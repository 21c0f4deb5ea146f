// What can be done with one row, behind three dots. Used by columns.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { Ellipsis } from 'lucide-react';
import { Icon } from './Icon';

export interface Choice<Value extends string> {
  value: Value;
  label: string;
  danger?: boolean;
}

interface Props<Value extends string> {
  /** What it is about: `Actions for Iris`. */
  of: string;
  choices: Choice<Value>[];
  onChoose: (value: Value) => void;
  busy?: boolean;
}

export function ActionMenu<Value extends string>({ of, choices, onChoose, busy = false }: Props<Value>) {
  if (choices.length === 0) return null;
  return (
    <Menu.Root
      onSelect={(choice) => onChoose(choice.value as Value)}
      lazyMount
      positioning={{ placement: 'bottom-end' }}
    >
      <Menu.Trigger asChild>
        <Button
          variant="ghost"
          size="xs"
          px="0"
          minW="8"
          h="8"
          aria-label={`Actions for ${of}`}
          loading={busy}
        >
          <Icon as={Ellipsis} />
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content>
            {choices.map(({ value, label, danger }) => (
              <Menu.Item key={value} value={value} {...(danger ? { color: 'fg.error' } : {})}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
