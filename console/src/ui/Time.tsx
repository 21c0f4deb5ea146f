// Times and amounts: relative with the exact time on hover and focus, durations, bytes. Used in columns and lists.
import { useEffect, useState } from 'react';
import { bytes, duration, exactTime, nextChange, relativeTime } from './format';
import { Tip } from './Tip';

/** `3 minutes ago`; the exact time on hover and focus. Nothing there: what `none` says. */
export function RelativeTime({ at, none = 'never' }: { at: string | null | undefined; none?: string }) {
  const [now, setNow] = useState(Date.now);
  const time = at ? Date.parse(at) : Number.NaN;
  useEffect(() => {
    if (Number.isNaN(time)) return;
    const timer = setTimeout(() => setNow(Date.now()), nextChange(time, now));
    return () => clearTimeout(timer);
  }, [time, now]);
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

export function Duration({ ms }: { ms: number | null | undefined }) {
  return <span className="nowrap">{ms === null || ms === undefined ? '–' : duration(ms)}</span>;
}

export function Bytes({ count }: { count: number | null | undefined }) {
  return <span className="nowrap">{count === null || count === undefined ? '–' : bytes(count)}</span>;
}
