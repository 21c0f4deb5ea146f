// A secret that is shown once: its text with a way to copy it, and the dialog around one. Whoever has not copied it closes knowingly.
// Used by keys, grants, invitations, and the page of a run.
import { Alert, Button, Code, Dialog, Flex, Portal, Stack } from '@chakra-ui/react';
import { Check, Copy } from 'lucide-react';
import type { ReactNode } from 'react';
import { useRef, useState } from 'react';
import { CopyButton, copyText } from './Copy';
import { Icon } from './Icon';
import { useWayBack } from './useWayBack';

/** What is said once, wherever a secret is shown. */
export function SecretWarning({ children }: { children: ReactNode }) {
  return (
    <Alert.Root status="warning" variant="surface" size="sm">
      <Alert.Indicator />
      <Alert.Content>
        <Alert.Description>{children}</Alert.Description>
      </Alert.Content>
    </Alert.Root>
  );
}

/** The text alone. `what` is what it is called: `key`, `link`. */
export function Secret({ what, text, copy = true }: { what: string; text: string; copy?: boolean }) {
  return (
    // Code takes no name for readers: what it is in has it.
    <Flex
      role="group"
      aria-label={`The ${what}`}
      gap="2"
      align="center"
      borderWidth="1px"
      rounded="md"
      p="1"
      ps="3"
      minH="10"
      bg="bg.subtle"
    >
      <Code
        flex="1"
        minW="0"
        bg="transparent"
        p="0"
        size="sm"
        wordBreak="break-all"
        userSelect="all"
        data-testid="secret"
        data-secret=""
      >
        {text}
      </Code>
      {copy && <CopyButton text={text} label={`Copy ${what}`} variant="ghost" />}
    </Flex>
  );
}

interface Props {
  title: string;
  /** What it is called: `key`, `link`. */
  what: string;
  secret: string;
  warning: ReactNode;
  /** More about it, such as when it ends. */
  children?: ReactNode;
  onClose: () => void;
}

export function SecretDialog({ title, what, secret, warning, children, onClose }: Props) {
  const [copied, setCopied] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const wayBack = useWayBack();
  return (
    <Dialog.Root
      open
      initialFocusEl={() => first.current}
      finalFocusEl={wayBack}
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
                <SecretWarning>{warning}</SecretWarning>
                {/* Selected and copied by hand is copied, too. */}
                <div onCopy={() => setCopied(true)}>
                  <Secret what={what} text={secret} copy={false} />
                </div>
                {children}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              <Button size="sm" variant="outline" onClick={onClose}>
                {copied ? 'Done' : 'Close without copying'}
              </Button>
              {/* Where the focus begins: a second Enter must not put away what nobody has seen. */}
              <Button
                size="sm"
                ref={first}
                onClick={() => void copyText(secret).then((done) => done && setCopied(true))}
              >
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
