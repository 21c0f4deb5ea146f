// What can be done with one operator: role, unlock, remove. Used by the columns.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import type { Operator } from '../../api/types';
import { Icon } from '../../ui/Icon';
import { lazyPart } from '../../ui/lazyPart';
import { failed, said } from '../../ui/toast';
import { useChangeOperator } from './api';

const RoleDialog = lazyPart(() => import('./RoleDialog').then((module) => module.RoleDialog));
const RemoveDialog = lazyPart(() => import('./RemoveDialog').then((module) => module.RemoveDialog));

export function RowMenu({ operator }: { operator: Operator }) {
  const [open, setOpen] = useState<'role' | 'remove' | null>(null);
  const change = useChangeOperator();
  const name = operator.name || operator.email;
  const close = () => setOpen(null);
  const choose = (value: string) => {
    if (value === 'role' || value === 'remove') setOpen(value);
    if (value === 'unlock')
      change.mutate(
        { operator, locked: false },
        {
          onSuccess: () => said(`${name} may sign in again`),
          onError: (thrown) => failed('Not unlocked', thrown),
        },
      );
  };
  return (
    <>
      <Menu.Root
        onSelect={(choice) => choose(choice.value)}
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
            aria-label={`Actions for ${name}`}
            loading={change.isPending}
          >
            <Icon as={Ellipsis} />
          </Button>
        </Menu.Trigger>
        <Portal>
          <Menu.Positioner>
            <Menu.Content>
              <Menu.Item value="role">Change role</Menu.Item>
              {operator.locked_at && <Menu.Item value="unlock">Unlock sign-in</Menu.Item>}
              <Menu.Item value="remove" color="fg.error">
                Remove
              </Menu.Item>
            </Menu.Content>
          </Menu.Positioner>
        </Portal>
      </Menu.Root>
      {open === 'role' && <RoleDialog operator={operator} onClose={close} />}
      {open === 'remove' && <RemoveDialog operator={operator} onClose={close} />}
    </>
  );
}
