// Where the focus goes when a dialog closes: to what opened it. Of dialogs that followed each other it is what opened the first; where that is
// gone, as the button of a row that was deleted, it is the heading of the page. Owns: what had the focus last. Used by all dialogs.
import { useCallback, useLayoutEffect, useRef } from 'react';

const DIALOG = '[role=dialog], [role=alertdialog]';

/** What had the focus last. A menu is passed over: it gives the focus back to its button. */
let last: HTMLElement | null = null;
/** Of the dialog that was opened last: what opened it, then what opened the dialog in which that stood, and so on. */
let newest: HTMLElement[] = [];

function remember(one: Element | null) {
  if (one instanceof HTMLElement && !one.closest('[role=menu]')) last = one;
}

document.addEventListener('focusin', ({ target }) => remember(target as Element), true);
// Not every browser focuses what is clicked.
document.addEventListener('click', ({ target }) => remember((target as Element).closest('button, a')), true);

const takesFocus = (one: HTMLElement) => one.isConnected && !one.matches(':disabled');

/** For a dialog that is drawn as long as it is open: its `finalFocusEl`. */
export function useWayBack(): () => HTMLElement | null {
  const way = useRef<HTMLElement[]>([]);
  useLayoutEffect(() => {
    way.current = last ? [last, ...(last.closest(DIALOG) ? newest : [])] : [];
    newest = way.current;
  }, []);
  return useCallback(
    () => way.current.find(takesFocus) ?? document.querySelector<HTMLElement>('main h1'),
    [],
  );
}
