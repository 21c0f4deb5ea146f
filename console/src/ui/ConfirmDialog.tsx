// Asks before something that cannot simply be taken back: says what will happen, and lets a word be typed where it is grave. Used by pages.
import { Field, Input, List, Text } from '@chakra-ui/react';
import { useState } from 'react';
import { DialogFrame, type DialogProps } from './DialogFrame';
import { useDeed } from './useDeed';

interface Props extends DialogProps {
  /** The verb on the button: `Remove operator`. */
  action: string;
  /** What will happen, one sentence each. */
  effects: readonly string[];
  /** To be typed, letter by letter, such as the slug. */
  word?: string | undefined;
  danger?: boolean;
  /** Does it. The dialog stays where it failed. */
  confirm: () => unknown;
  /** What follows when it is done, such as showing what was made; else the dialog closes. */
  done?: () => void;
}

export function ConfirmDialog(props: Props) {
  const { word, effects, confirm, children, action, danger = true, done = props.onClose, ...rest } = props;
  const [typed, setTyped] = useState('');
  const { run, ...deed } = useDeed(async () => {
    await confirm();
    done();
  });
  const sure = word === undefined || typed.trim() === word;
  return (
    <DialogFrame
      {...rest}
      {...deed}
      danger={danger}
      submit={action}
      disabled={!sure}
      onSubmit={(event) => {
        event.preventDefault();
        if (sure) void run();
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
    </DialogFrame>
  );
}
