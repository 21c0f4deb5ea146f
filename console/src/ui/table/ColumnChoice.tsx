// The menu of columns to show, loaded behind the table. Used by the toolbar.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { Columns3 } from 'lucide-react';
import { Icon } from '../Icon';
import type { TableControl } from './useTableSearch';

export function ColumnChoice({
  choice,
  control,
}: {
  choice: { id: string; label: string }[];
  control: TableControl;
}) {
  const hidden = new Set((control.search.hide ?? '').split(','));
  if (choice.length === 0) return null;
  return (
    <Menu.Root closeOnSelect={false} lazyMount unmountOnExit positioning={{ placement: 'bottom-end' }}>
      <Menu.Trigger asChild>
        <Button variant="ghost" size="sm">
          <Icon as={Columns3} /> Columns
        </Button>
      </Menu.Trigger>
      <Portal>
        <Menu.Positioner>
          <Menu.Content minW="44">
            {choice.map(({ id, label }) => (
              <Menu.CheckboxItem
                key={id}
                value={id}
                checked={!hidden.has(id)}
                onCheckedChange={() => control.toggleColumn(id)}
              >
                {label}
                <Menu.ItemIndicator />
              </Menu.CheckboxItem>
            ))}
          </Menu.Content>
        </Menu.Positioner>
      </Portal>
    </Menu.Root>
  );
}
