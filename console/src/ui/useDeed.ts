// One deed at a time: while one is on its way another click does nothing, and what it throws stays as its problem.
// Used by `FormDialog`, `ConfirmDialog` and the forms of pages. Whoever sent it keeps the focus.
import { useEffect, useRef, useState } from 'react';
import type { FieldPath, FieldValues, UseFormReturn } from 'react-hook-form';
import { takeErrors } from './form';

export interface Deed<Args extends unknown[]> {
  busy: boolean;
  problem: unknown;
  run: (...args: Args) => Promise<void>;
}

/** `explain` makes of what was thrown what is to be shown; `null` where that was done elsewhere. */
export function useDeed<Args extends unknown[]>(
  deed: (...args: Args) => unknown,
  explain: (thrown: unknown) => unknown = (thrown) => thrown,
): Deed<Args> {
  const [state, setState] = useState<{ busy: boolean; problem: unknown }>({ busy: false, problem: null });
  // The state comes with the next frame: two clicks in one frame are one.
  const working = useRef(false);
  const from = useRef<Element | null>(null);
  useEffect(() => {
    // A button that is at work takes no focus: whoever pressed it has it back, unless the focus went on meanwhile.
    if (state.busy || document.activeElement !== document.body) return;
    if (from.current instanceof HTMLElement) from.current.focus();
  }, [state]);
  const run = async (...args: Args) => {
    if (working.current) return;
    working.current = true;
    from.current = document.activeElement;
    setState({ busy: true, problem: null });
    let problem: unknown = null;
    try {
      await deed(...args);
    } catch (thrown) {
      problem = explain(thrown);
    }
    working.current = false;
    setState({ busy: false, problem });
  };
  return { ...state, run };
}

/** Sends a form. The server's errors come to their fields; what belongs to none is the problem. */
export function useSend<Values extends FieldValues>(
  form: UseFormReturn<Values>,
  send: (values: Values) => unknown,
) {
  const { busy, problem, run } = useDeed(send, (thrown) =>
    takeErrors(thrown, Object.keys(form.getValues()) as FieldPath<Values>[], form.setError),
  );
  return { busy, problem, onSubmit: form.handleSubmit(run) };
}
