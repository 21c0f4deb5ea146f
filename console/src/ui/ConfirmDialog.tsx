// Asks before something that cannot simply be taken back: says what will happen, and lets a word be typed where it is grave. Used by pages.
import { Field, Input, List, Text } from '@chakra-ui/react';
import { type ReactNode, useState } from 'react';
import { FormDialog } from './FormDialog';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  /** The verb on the button: `Remove operator`. */
  action: string;
  /** What will happen, one sentence each. */
  effects: string[];
  /** To be typed, letter by letter, such as the slug. */
  word?: string;
  danger?: boolean;
  busy: boolean;
  problem?: unknown;
  onConfirm: () => void;
  /** More fields, such as a reason. */
  children?: ReactNode;
}

export function ConfirmDialog({ word, effects, onConfirm, children, action, danger = true, ...rest }: Props) {
  const [typed, setTyped] = useState('');
  const close = () => {
    setTyped('');
    rest.onClose();
  };
  return (
    <FormDialog
      {...rest}
      danger={danger}
      onClose={close}
      submit={action}
      disabled={word !== undefined && typed.trim() !== word}
      onSubmit={(event) => {
        event.preventDefault();
        if (!rest.busy && (word === undefined || typed.trim() === word)) onConfirm();
      }}
    >
      <List.Root ps="4" gap="1">
        {effects.map((effect) => (
          <List.Item key={effect}>{effect}</List.Item>
        ))}
      </List.Root>
      {children}
      {word !== undefined && (
        <Field.Root>
          <Field.Label>
            <Text as="span">
              Type{' '}
              <Text as="span" fontFamily="mono" fontWeight="semibold">
                {word}
              </Text>{' '}
              to confirm
            </Text>
          </Field.Label>
          <Input
            size="sm"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </Field.Root>
      )}
    </FormDialog>
  );
}
