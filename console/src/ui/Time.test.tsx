import { act, screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shown } from '../test/shown';
import { RelativeTime } from './Time';

const BEGIN = Date.parse('2026-01-02T03:04:05Z');
const MINUTE = 60_000;
let tell: (at: string) => void;

function Told() {
  const [at, setAt] = useState(new Date(BEGIN).toISOString());
  tell = setAt;
  return (
    <p>
      <RelativeTime at={at} />
    </p>
  );
}

const text = () => screen.getByRole('paragraph').textContent;

describe('a time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: BEGIN });
    shown(<Told />);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('grows older by itself', async () => {
    expect(text()).toBe('just now');
    await act(() => vi.advanceTimersByTimeAsync(1.5 * MINUTE));
    expect(text()).toBe('1 minute ago');
    await act(() => vi.advanceTimersByTimeAsync(2 * MINUTE));
    expect(text()).toBe('3 minutes ago');
  });

  it('is of the moment in which it is told, not of one that has passed', async () => {
    await act(() => vi.advanceTimersByTimeAsync(30 * MINUTE));
    // Nothing was drawn since: what comes with the next event is past, and not to come.
    vi.setSystemTime(BEGIN + 30 * MINUTE + 29_000);
    act(() => tell(new Date(BEGIN + 30 * MINUTE + 15_000).toISOString()));
    expect(text()).toBe('14 seconds ago');
  });

  it('is right again when somebody comes back to the tab', async () => {
    vi.setSystemTime(BEGIN + 20 * MINUTE);
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    expect(text()).toBe('20 minutes ago');
  });
});
