import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useForm } from 'react-hook-form';
import { describe, expect, it, vi } from 'vitest';
import { problemOf } from '../api/problem';
import { shown } from '../test/shown';
import { FormDialog } from './FormDialog';
import { TextField } from './form';

const refusal = (body: Record<string, unknown>, status = 422) =>
  problemOf({ code: 'invalid', title: 'Not valid', ...body }, { status, headers: new Headers() });

interface Values {
  email: string;
  name: string;
}

function Asks({ send }: { send: (values: Values) => unknown }) {
  const form = useForm<Values>({ defaultValues: { email: 'a@b.example', name: '' } });
  return (
    <FormDialog form={form} title="Add somebody" submit="Add" send={send} onClose={() => {}}>
      <TextField form={form} name="email" label="Email" />
      <TextField form={form} name="name" label="Name" rules={{ required: 'Enter a name.' }} />
    </FormDialog>
  );
}

describe('a dialog around a form', () => {
  it("puts the server's errors at the fields that they name, and the focus there", async () => {
    const send = vi.fn().mockRejectedValue(
      refusal({
        detail: 'One field is not valid.',
        errors: [{ pointer: '/email', code: 'taken', detail: 'Somebody has this address.' }],
      }),
    );
    shown(<Asks send={send} />);
    await userEvent.type(screen.getByLabelText(/Name/), 'Ada');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(await screen.findByText('Somebody has this address.')).toBeTruthy();
    const email = screen.getByLabelText('Email');
    expect(email.getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(email);
    expect(screen.queryByText('Not valid')).toBeNull();
  });

  it('shows above the fields what belongs to none of them, with what to do and the request', async () => {
    const send = vi.fn().mockRejectedValue(
      refusal(
        {
          title: 'The tier is full',
          detail: 'It has 5 of 5 members.',
          next_steps: ['Ask for a larger tier.'],
          request_id: 'req-7',
          errors: [{ pointer: '/limits/members', code: 'full', detail: 'No more than 5.' }],
        },
        409,
      ),
    );
    shown(<Asks send={send} />);
    await userEvent.type(screen.getByLabelText(/Name/), 'Ada{Enter}');
    const told = await screen.findByRole('alert');
    for (const text of ['The tier is full', 'It has 5 of 5 members.', 'Ask for a larger tier.', 'req-7'])
      expect(told.textContent).toContain(text);
    expect(told.textContent).toContain('limits › members: No more than 5.');
  });

  it('sends once, however often it is clicked, and again after a failure', async () => {
    let fail: (thrown: unknown) => void = () => {};
    const send = vi.fn(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    shown(<Asks send={send} />);
    await userEvent.type(screen.getByLabelText(/Name/), 'Ada');
    const form = screen.getByRole('button', { name: 'Add' }).closest('form');
    form?.requestSubmit();
    form?.requestSubmit();
    await waitFor(() => expect(send).toHaveBeenCalled());
    await userEvent.keyboard('{Enter}');
    expect(send).toHaveBeenCalledTimes(1);
    fail(refusal({ title: 'Away', detail: 'Try again.' }, 503));
    await screen.findByText('Away');
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    await waitFor(() => expect(send).toHaveBeenCalledTimes(2));
    expect(screen.queryByText('Away')).toBeNull();
  });

  it('does not send what it can see is not right', async () => {
    const send = vi.fn();
    shown(<Asks send={send} />);
    await userEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(await screen.findByText('Enter a name.')).toBeTruthy();
    expect(send).not.toHaveBeenCalled();
  });

  it('gives the focus back to who pressed, after a failure: a button at work takes none', async () => {
    const send = vi.fn(async () => {
      // As browsers do with a button that cannot be pressed.
      (document.activeElement as HTMLElement).blur();
      throw refusal({ title: 'Away', detail: 'Try again.' }, 503);
    });
    shown(<Asks send={send} />);
    await userEvent.type(screen.getByLabelText(/Name/), 'Ada');
    const add = screen.getByRole('button', { name: 'Add' });
    await userEvent.click(add);
    await screen.findByText('Away');
    await waitFor(() => expect(document.activeElement).toBe(add));
  });
});
