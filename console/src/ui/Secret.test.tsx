import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { shown } from '../test/shown';
import { SecretDialog } from './Secret';

function told() {
  const user = userEvent.setup();
  const onClose = vi.fn();
  shown(
    <SecretDialog
      title="The key Reports is made"
      what="key"
      secret="tnt_abc"
      warning="Shown once."
      onClose={onClose}
    />,
  );
  return { user, onClose };
}

describe('a secret that is shown once', () => {
  it('is closed without copying by a button that says so', async () => {
    const { user, onClose } = told();
    await user.click(screen.getByRole('button', { name: 'Close without copying' }));
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('is copied whole, and says so', async () => {
    const { user, onClose } = told();
    await user.click(screen.getByRole('button', { name: 'Copy key' }));
    expect(await navigator.clipboard.readText()).toBe('tnt_abc');
    await user.click(await screen.findByRole('button', { name: 'Done' }));
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('knows when it was not copied', async () => {
    const { user } = told();
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'));
    await user.click(screen.getByRole('button', { name: 'Copy key' }));
    expect(screen.getByRole('button', { name: 'Close without copying' })).toBeTruthy();
  });
});
