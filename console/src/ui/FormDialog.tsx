// A dialog around a form or a question: title, body, problem, buttons. Used by pages and `ConfirmDialog`.
import { Button, Dialog, Portal, Stack } from '@chakra-ui/react';
import type { FormEventHandler, ReactNode } from 'react';
import { ProblemHelp } from './ProblemHelp';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  submit: string;
  onSubmit: FormEventHandler<HTMLFormElement>;
  busy: boolean;
  disabled?: boolean;
  danger?: boolean;
  problem?: unknown;
}

export function FormDialog(props: Props) {
  const { open, onClose, title, children, submit, onSubmit, busy, disabled = false, danger = false } = props;
  return (
    <Dialog.Root
      open={open}
      onOpenChange={(change) => !change.open && !busy && onClose()}
      role={danger ? 'alertdialog' : 'dialog'}
      placement={{ base: 'bottom', sm: 'center' }}
      scrollBehavior="inside"
      lazyMount
      unmountOnExit
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
                  {props.problem ? <ProblemHelp compact error={props.problem} /> : null}
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
