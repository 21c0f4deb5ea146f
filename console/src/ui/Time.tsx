// Times and amounts: relative with the exact time on hover and focus, durations, bytes. Used in columns and lists.
import { Text } from '@chakra-ui/react';
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
  if (Number.isNaN(time)) {
    return (
      <Text as="span" color="fg.muted">
        {none}
      </Text>
    );
  }
  return (
    <Tip text={exactTime(time)}>
      <Text
        as="time"
        // The exact time is there by keyboard too.
        tabIndex={0}
        whiteSpace="nowrap"
        {...{ dateTime: at }}
      >
        {relativeTime(time, now)}
      </Text>
    </Tip>
  );
}

export function Duration({ ms }: { ms: number | null | undefined }) {
  return (
    <Text as="span" whiteSpace="nowrap" fontVariantNumeric="tabular-nums">
      {ms === null || ms === undefined ? '–' : duration(ms)}
    </Text>
  );
}

export function Bytes({ count }: { count: number | null | undefined }) {
  return (
    <Text as="span" whiteSpace="nowrap" fontVariantNumeric="tabular-nums">
      {count === null || count === undefined ? '–' : bytes(count)}
    </Text>
  );
}
