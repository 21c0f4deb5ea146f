// A secret that is shown this once: the text, a way to copy it, and a warning. Closing without having copied asks again. Used by the dialogs that make one.
import { Alert, Button, Dialog, Portal, Stack, Text } from '@chakra-ui/react';
import { type ReactNode, useState } from 'react';
import { CodeBlock, useCopy } from '../../ui/Copy';

interface Props {
  title: string;
  /** What the secret is called: `API key`. */
  label: string;
  secret: string;
  children?: ReactNode;
  onClose: () => void;
}

export function SecretOnce({ title, label, secret, children, onClose }: Props) {
  const [copied, copy] = useCopy(secret);
  const [taken, setTaken] = useState(false);
  const [asked, setAsked] = useState(false);
  const close = () => (taken || asked ? onClose() : setAsked(true));
  return (
    <Dialog.Root
      open
      onOpenChange={(change) => !change.open && close()}
      closeOnInteractOutside={false}
      placement={{ base: 'bottom', sm: 'center' }}
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content onCopy={() => setTaken(true)}>
            <Dialog.Header>
              <Dialog.Title>{title}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body>
              <Stack gap="4">
                <Alert.Root status="warning" size="sm">
                  <Alert.Indicator />
                  <Alert.Title>This is shown once. Copy it now and keep it safe.</Alert.Title>
                </Alert.Root>
                <CodeBlock code={secret} label={label} />
                {children}
                {asked && !taken && (
                  <Text role="alert" color="fg.error">
                    You have not copied it. Close again to go on without it.
                  </Text>
                )}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              <Button
                size="sm"
                variant="outline"
                onClick={() => {
                  copy();
                  setTaken(true);
                }}
              >
                {copied ? 'Copied' : `Copy ${label}`}
              </Button>
              <Button size="sm" onClick={close}>
                Close
              </Button>
            </Dialog.Footer>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}
