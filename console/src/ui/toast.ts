// Short messages at the edge, read out by screen readers, with an undo where there is one. Used after actions.
// What draws them is loaded behind the first screen, which does not need it.
import { asProblem } from '../api/problem';

export interface Undo {
  label?: string;
  run: () => void;
}

interface Message {
  type: 'success' | 'error';
  title: string;
  description?: string;
  duration: number;
  closable: true;
  action?: { label: string; onClick: () => void };
}

async function show(message: Message) {
  const { toaster } = await import('./Toasts');
  toaster.create(message);
}

/** Says that something was done. */
export function said(title: string, detail?: string, undo?: Undo) {
  void show({
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
  void show({
    type: 'error',
    title,
    description: `${problem.detail}${id}`,
    duration: 12_000,
    closable: true,
  });
}
