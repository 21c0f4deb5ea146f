// Times and amounts: relative with the exact time on hover and focus, durations, bytes. Used in columns and lists.
import { useEffect, useReducer } from 'react';
import { bytes, duration, exactTime, nextChange, relativeTime } from './format';
import { Tip } from './Tip';

/** `3 minutes ago`; the exact time on hover and focus. Nothing there: what `none` says. */
export function RelativeTime({ at, none = 'never' }: { at: string | null | undefined; none?: string }) {
  const time = at ? Date.parse(at) : Number.NaN;
  // Of the moment in which it is drawn, whatever had it drawn: one that was kept would be behind what has come since.
  const now = Date.now();
  useRedraw(time, now);
  if (Number.isNaN(time)) return <span className="muted">{none}</span>;
  return (
    <Tip text={exactTime(time)}>
      {/* The exact time is there by keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is shown on hover is shown on focus */}
      <time tabIndex={0} className="nowrap" dateTime={at ?? undefined}>
        {relativeTime(time, now)}
      </time>
    </Tip>
  );
}

/** Draws again when the text is another one, and when somebody comes back to the tab: timers of a tab in the background come late. */
function useRedraw(time: number, now: number) {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  useEffect(() => {
    if (Number.isNaN(time)) return;
    const timer = setTimeout(redraw, nextChange(time, now));
    document.addEventListener('visibilitychange', redraw);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', redraw);
    };
  }, [time, now]);
}

export function Duration({ ms }: { ms: number | null | undefined }) {
  return <span className="nowrap">{ms === null || ms === undefined ? '–' : duration(ms)}</span>;
}

export function Bytes({ count }: { count: number | null | undefined }) {
  return <span className="nowrap">{count === null || count === undefined ? '–' : bytes(count)}</span>;
}
