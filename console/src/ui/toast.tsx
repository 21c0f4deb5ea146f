// Short messages at the edge, read out by screen readers, with an undo where there is one. Used after actions; shown by the providers.
import { createToaster, Stack, Toast, Toaster } from '@chakra-ui/react';
import { asProblem } from '../api/problem';

const toaster = createToaster({ placement: 'bottom-end', pauseOnPageIdle: true, overlap: false, gap: 8 });

export interface Undo {
  label?: string;
  run: () => void;
}

/** Says that something was done. */
export function said(title: string, detail?: string, undo?: Undo) {
  toaster.create({
    type: 'success',
    title,
    duration: undo ? 10_000 : 5_000,
    closable: true,
    ...(detail ? { description: detail } : {}),
    ...(undo ? { action: { label: undo.label ?? 'Undo', onClick: undo.run } } : {}),
  });
}

/** Says that something failed, where no form or page is there to show it. */
export function failed(title: string, thrown: unknown) {
  const problem = asProblem(thrown);
  const id = problem.requestId ? ` Request ${problem.requestId}.` : '';
  toaster.create({
    type: 'error',
    title,
    description: `${problem.detail}${id}`,
    duration: 12_000,
    closable: true,
  });
}

export function Toasts() {
  return (
    <Toaster toaster={toaster} insetInline={{ mdDown: '4' }}>
      {(toast) => (
        <Toast.Root width={{ md: 'sm' }}>
          <Toast.Indicator />
          <Stack gap="1" flex="1" maxWidth="100%">
            <Toast.Title>{toast.title}</Toast.Title>
            {toast.description && <Toast.Description>{toast.description}</Toast.Description>}
          </Stack>
          {toast.action && <Toast.ActionTrigger>{toast.action.label}</Toast.ActionTrigger>}
          <Toast.CloseTrigger aria-label="Close message" />
        </Toast.Root>
      )}
    </Toaster>
  );
}
