// A secret that is shown this once: to copy, with a warning. It closes only by its buttons. Used by API keys and invitations.
import { Alert, Button, Dialog, Portal, Stack, Text } from '@chakra-ui/react';
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Icon } from '../../ui/Icon';
import { failed } from '../../ui/toast';

interface Props {
  title: string;
  /** What it is called: `key`, `link`. */
  what: string;
  secret: string;
  warning: string;
  children?: ReactNode;
  onClose: () => void;
}

export function SecretDialog({ title, what, secret, warning, children, onClose }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard
      .writeText(secret)
      .then(() => setCopied(true))
      .catch((thrown) => failed(`The ${what} was not copied: select it by hand`, thrown));
  return (
    <Dialog.Root
      open
      role="alertdialog"
      closeOnEscape={false}
      closeOnInteractOutside={false}
      placement={{ base: 'bottom', sm: 'center' }}
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header>
              <Dialog.Title>{title}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body>
              <Stack gap="4">
                <Alert.Root status="warning" variant="surface" size="sm">
                  <Alert.Indicator />
                  <Alert.Content>
                    <Alert.Description>{warning}</Alert.Description>
                  </Alert.Content>
                </Alert.Root>
                <Text
                  fontFamily="mono"
                  textStyle="sm"
                  overflowWrap="anywhere"
                  userSelect="all"
                  p="3"
                  borderWidth="1px"
                  rounded="md"
                  bg="bg.subtle"
                  data-testid="secret"
                >
                  {secret}
                </Text>
                {children}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              <Button size="sm" variant="outline" onClick={onClose}>
                {copied ? 'Done' : `Close without copying`}
              </Button>
              <Button size="sm" onClick={() => void copy()}>
                <Icon as={copied ? Check : Copy} />
                <span aria-live="polite">{copied ? 'Copied' : `Copy ${what}`}</span>
              </Button>
            </Dialog.Footer>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}
