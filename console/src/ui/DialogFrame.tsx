// A dialog that sends something: title, problem, body, buttons. Used by `FormDialog` and `ConfirmDialog`.
import { Button, Dialog, Portal, Stack } from '@chakra-ui/react';
import type { FormEventHandler, ReactNode } from 'react';
import { ProblemHelp } from './ProblemHelp';
import { useWayBack } from './useWayBack';

export interface DialogProps {
  title: string;
  onClose: () => void;
  children?: ReactNode;
}

interface Props extends DialogProps {
  submit: string;
  onSubmit: FormEventHandler<HTMLFormElement>;
  busy: boolean;
  problem: unknown;
  disabled?: boolean;
  danger?: boolean;
}

export function DialogFrame({ title, onClose, children, submit, onSubmit, busy, problem, ...rest }: Props) {
  const { disabled = false, danger = false } = rest;
  const wayBack = useWayBack();
  return (
    <Dialog.Root
      open
      onOpenChange={(change) => !change.open && !busy && onClose()}
      finalFocusEl={wayBack}
      role={danger ? 'alertdialog' : 'dialog'}
      placement={{ base: 'bottom', sm: 'center' }}
      scrollBehavior="inside"
    >
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content asChild>
            <form onSubmit={onSubmit} noValidate>
              <Dialog.Header>
                <Dialog.Title>{title}</Dialog.Title>
              </Dialog.Header>
              <Dialog.Body>
                <Stack gap="4">
                  {problem ? <ProblemHelp compact error={problem} /> : null}
                  {children}
                </Stack>
              </Dialog.Body>
              <Dialog.Footer>
                <Button type="button" size="sm" variant="outline" onClick={onClose} disabled={busy}>
                  Cancel
                </Button>
                <Button
                  type="submit"
                  size="sm"
                  loading={busy}
                  loadingText={submit}
                  disabled={disabled}
                  {...(danger ? { colorPalette: 'red' } : {})}
                >
                  {submit}
                </Button>
              </Dialog.Footer>
            </form>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}
