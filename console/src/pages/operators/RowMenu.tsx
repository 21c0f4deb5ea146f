// What can be done with one operator: role, unlock, remove. Used by the columns.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import type { Operator } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Icon } from '../../ui/Icon';
import { failed, said } from '../../ui/toast';
import { useChangeOperator, useRemoveOperator } from './api';
import { RoleDialog } from './RoleDialog';

export function RowMenu({ operator }: { operator: Operator }) {
  const [open, setOpen] = useState<'role' | 'remove' | null>(null);
  const change = useChangeOperator();
  const remove = useRemoveOperator();
  const name = operator.name || operator.email;
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
      {open === 'role' && <RoleDialog operator={operator} onClose={() => setOpen(null)} />}
      <ConfirmDialog
        open={open === 'remove'}
        onClose={() => {
          remove.reset();
          setOpen(null);
        }}
        title={`Remove ${name}?`}
        action="Remove operator"
        word={operator.email}
        effects={[
          'Their sign-ins as an operator are refused at once, on every server.',
          'Access grants that they hold end.',
          'Their user, and where they are a member, stay as they are.',
        ]}
        busy={remove.isPending}
        problem={remove.error}
        onConfirm={() =>
          remove.mutate(operator, { onSuccess: () => said(`${name} is no operator any more`) })
        }
      />
    </>
  );
}
