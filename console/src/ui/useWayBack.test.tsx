import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { describe, expect, it } from 'vitest';
import { shown } from '../test/shown';
import { FormDialog } from './FormDialog';
import { TextField } from './form';
import { SecretDialog } from './Secret';

function Make({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const form = useForm({ defaultValues: { name: 'Reports' } });
  return (
    <FormDialog form={form} title="Make a key" submit="Make key" send={onMade} onClose={onClose}>
      <TextField form={form} name="name" label="Name" />
    </FormDialog>
  );
}

/** As the page of keys: a dialog that asks, then one in its place that shows what was made. */
function Keys() {
  const [at, setAt] = useState<'list' | 'asked' | 'made'>('list');
  return (
    <main>
      <h1 tabIndex={-1}>API keys</h1>
      <button type="button" onClick={() => setAt('asked')}>
        Make a key
      </button>
      {at === 'asked' && <Make onMade={() => setAt('made')} onClose={() => setAt('list')} />}
      {at === 'made' && (
        <SecretDialog
          title="The key is made"
          what="key"
          secret="tnt_1"
          warning="Shown this once."
          onClose={() => setAt('list')}
        />
      )}
    </main>
  );
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

describe('the focus after a dialog', () => {
  it('is where it was', async () => {
    shown(<Keys />);
    await press('Make a key');
    await screen.findByRole('dialog', { name: 'Make a key' });
    await press('Cancel');
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Make a key' })),
    );
  });

  it('is back at what opened the first, after a second in its place', async () => {
    shown(<Keys />);
    await press('Make a key');
    await screen.findByRole('dialog', { name: 'Make a key' });
    await press('Make key');
    const told = await screen.findByRole('alertdialog', { name: 'The key is made' });
    await waitFor(() => expect(told.contains(document.activeElement)).toBe(true));
    await press('Close without copying');
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Make a key' })),
    );
  });

  it('is at the heading of the page where what opened it is gone', async () => {
    function Gone() {
      const [open, setOpen] = useState<'no' | 'yes' | 'done'>('no');
      return (
        <main>
          <h1 tabIndex={-1}>API keys</h1>
          {open !== 'done' && (
            <button type="button" onClick={() => setOpen('yes')}>
              Revoke it
            </button>
          )}
          {open === 'yes' && <Make onMade={() => setOpen('done')} onClose={() => setOpen('no')} />}
        </main>
      );
    }
    shown(<Gone />);
    await press('Revoke it');
    await screen.findByRole('dialog', { name: 'Make a key' });
    await press('Make key');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 })));
  });
});
