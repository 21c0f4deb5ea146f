import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { shown } from '../test/shown';
import { Tip } from './Tip';

function tipped() {
  shown(
    <Tip text="22 Nov 2026, 17:00:00">
      <button type="button">3 minutes ago</button>
    </Tip>,
  );
  return screen.getByRole('button');
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a tip', () => {
  it('is not there until somebody is near, and names what it is about', async () => {
    const button = tipped();
    expect(screen.queryByRole('tooltip')).toBeNull();
    await userEvent.hover(button);
    const tip = await screen.findByRole('tooltip');
    expect(tip.textContent).toContain('17:00:00');
    expect(button.getAttribute('aria-describedby')).toBe(tip.id);
    await userEvent.unhover(button);
    await waitFor(() => expect(screen.queryByRole('tooltip')).toBeNull());
  });

  it('comes by keyboard, keeps the focus, and goes with Escape', async () => {
    const button = tipped();
    await userEvent.tab();
    await screen.findByRole('tooltip');
    expect(document.activeElement).toBe(button);
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByRole('tooltip')).toBeNull());
    expect(document.activeElement).toBe(button);
  });

  it('can be pointed at: it stays as long as the pointer is on it, and goes a little later', async () => {
    vi.useFakeTimers();
    const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
    const button = tipped();
    fireEvent.pointerEnter(button);
    await pass(1_000);
    const tip = screen.getByRole('tooltip');
    expect(tip.style.pointerEvents).toBe('auto');
    fireEvent.pointerLeave(button);
    await pass(100);
    fireEvent.pointerEnter(tip);
    await pass(60_000);
    expect(screen.queryByRole('tooltip')).toBe(tip);
    fireEvent.pointerLeave(tip);
    await pass(1_000);
    expect(screen.queryByRole('tooltip')).toBeNull();
  });
});
