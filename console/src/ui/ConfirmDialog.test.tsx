import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { shown } from '../test/shown';
import { ConfirmDialog } from './ConfirmDialog';

function asked(confirm: () => unknown, word?: string, done?: () => void) {
  const onClose = vi.fn();
  shown(
    <ConfirmDialog
      title="Delete Acme?"
      action="Delete tenant"
      effects={['Its requests are refused.']}
      word={word}
      confirm={confirm}
      {...(done ? { done } : {})}
      onClose={onClose}
    />,
  );
  return { onClose, action: () => screen.getByRole<HTMLButtonElement>('button', { name: 'Delete tenant' }) };
}

describe('a question before what is grave', () => {
  it('does nothing before the word is typed letter by letter, not even by Enter', async () => {
    const confirm = vi.fn();
    const { action, onClose } = asked(confirm, 'acme');
    const field = screen.getByLabelText(/Type acme to confirm/);
    for (const near of ['', 'acm', 'Acme', 'acme.']) {
      await userEvent.clear(field);
      if (near) await userEvent.type(field, near);
      expect(action().disabled, near).toBe(true);
      action().closest('form')?.requestSubmit();
      await userEvent.type(field, '{Enter}');
    }
    expect(confirm).not.toHaveBeenCalled();
    await userEvent.clear(field);
    await userEvent.type(field, 'acme{Enter}');
    expect(confirm).toHaveBeenCalledTimes(1);
    await waitFor(() => expect(onClose).toHaveBeenCalled());
  });

  it('does it once for two clicks, and closes when it is done', async () => {
    let done: (value: unknown) => void = () => {};
    const confirm = vi.fn(
      () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    );
    const { action, onClose } = asked(confirm);
    const form = action().closest('form');
    form?.requestSubmit();
    form?.requestSubmit();
    expect(confirm).toHaveBeenCalledTimes(1);
    expect(onClose).not.toHaveBeenCalled();
    done(undefined);
    await waitFor(() => expect(onClose).toHaveBeenCalledTimes(1));
  });

  it('leaves what follows to whoever has more to show', async () => {
    const done = vi.fn();
    const { action, onClose } = asked(vi.fn(), undefined, done);
    await userEvent.click(action());
    await waitFor(() => expect(done).toHaveBeenCalledTimes(1));
    expect(onClose).not.toHaveBeenCalled();
  });

  it('stays open with what went wrong', async () => {
    const { action, onClose } = asked(vi.fn().mockRejectedValue(new TypeError('no network')));
    await userEvent.click(action());
    expect(await screen.findByText('The server cannot be reached')).toBeTruthy();
    expect(onClose).not.toHaveBeenCalled();
    expect(action().disabled).toBe(false);
  });

  it('says what will happen', () => {
    asked(vi.fn());
    expect(screen.getByRole('alertdialog', { name: 'Delete Acme?' }).textContent).toContain(
      'Its requests are refused.',
    );
  });
});
