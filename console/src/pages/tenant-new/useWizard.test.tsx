import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hold, setPlace } from '../../session/tokens';
import { shownAt } from '../../test/shown';
import { keepDraft, openDraft } from './draft';
import { useWizard } from './useWizard';
import { EMPTY, type Values, type WizardStep } from './values';

const FILLED: Values = {
  ...EMPTY,
  name: 'Acme',
  slug: 'acme',
  admin_email: 'owner@acme.example',
};

let sent: Request[];
let answer: (value: Response) => void;

beforeEach(() => {
  hold({ access_token: 'token', expires_in: 3_600 } as never);
  sent = [];
  vi.stubGlobal('fetch', (request: Request) => {
    sent.push(request);
    return new Promise<Response>((resolve) => {
      answer = resolve;
    });
  });
});

afterEach(() => {
  setPlace({});
  vi.unstubAllGlobals();
});

function Wizard() {
  const router = shownRouter();
  const wanted = (router.state.location.search as { step?: WizardStep }).step ?? 'identity';
  const wizard = useWizard('usr_1', wanted);
  const { errors } = wizard.form.formState;
  return (
    <form>
      <h1>{wizard.step}</h1>
      <p>reached {wizard.reached}</p>
      <input aria-label="Slug" {...wizard.form.register('slug', { required: true })} />
      <p>{errors.slug?.message}</p>
      <p>{wizard.problem?.title}</p>
      <button type="button" onClick={() => void wizard.create()}>
        Make
      </button>
      <button type="button" onClick={() => void wizard.next()}>
        Next
      </button>
    </form>
  );
}

let current: ReturnType<typeof shownAt> | undefined;
const shownRouter = () => current as ReturnType<typeof shownAt>;

function opened(step?: WizardStep) {
  current = undefined;
  let router: ReturnType<typeof shownAt>;
  function Page() {
    current = router;
    return <Wizard />;
  }
  router = shownAt(
    {
      at: `/tenants/new${step ? `?step=${step}` : ''}`,
      validateSearch: (raw) => ({ step: raw.step }),
      others: ['/runs/$run'],
    },
    Page,
  );
  return router;
}

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

describe('the wizard', () => {
  it('is where it was after a reload, with what was entered', async () => {
    keepDraft({ ...openDraft('usr_1'), values: FILLED });
    opened('review');
    expect(await screen.findByRole('heading', { name: 'review' })).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>('Slug').value).toBe('acme');
    expect(screen.getByText('reached 3')).toBeTruthy();
  });

  it('opens no step by a link before what comes before it is filled in', async () => {
    keepDraft({ ...openDraft('usr_1'), values: { ...FILLED, admin_email: '' } });
    opened('review');
    expect(await screen.findByRole('heading', { name: 'options' })).toBeTruthy();
  });

  it('keeps each letter for a reload', async () => {
    opened();
    await userEvent.type(await screen.findByLabelText('Slug'), 'ac');
    await waitFor(() => expect(openDraft('usr_1').values.slug).toBe('ac'));
  });

  it('stays on a step that is not right', async () => {
    opened();
    await userEvent.click(await screen.findByRole('button', { name: 'Next' }));
    expect(screen.getByRole('heading', { name: 'identity' })).toBeTruthy();
  });

  it('asks once for two clicks, with the key of the draft, and leads to the run', async () => {
    keepDraft({ ...openDraft('usr_1'), values: FILLED });
    const { key } = openDraft('usr_1');
    const router = opened('review');
    const make = await screen.findByRole('button', { name: 'Make' });
    make.click();
    make.click();
    await waitFor(() => expect(sent).toHaveLength(1));
    make.click();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.headers.get('Idempotency-Key')).toBe(key);
    expect(await sent[0]?.json()).toEqual({
      slug: 'acme',
      name: 'Acme',
      admin_email: 'owner@acme.example',
      plan_tier: 'free',
    });
    answer(json(202, { run: { id: 'run_1' }, tenant: { slug: 'acme' } }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/runs/run_1'));
    // The next wish is another one.
    expect(openDraft('usr_1')).toMatchObject({ values: EMPTY });
    expect(openDraft('usr_1').key).not.toBe(key);
  });

  it('asks with the same key after a lost answer, and leads to the field that the server refuses', async () => {
    keepDraft({ ...openDraft('usr_1'), values: FILLED });
    opened('review');
    const make = await screen.findByRole('button', { name: 'Make' });
    make.click();
    await waitFor(() => expect(sent).toHaveLength(1));
    answer(json(503, { code: 'unavailable', title: 'Not available', detail: 'Later.' }));
    expect(await screen.findByText('Not available')).toBeTruthy();
    make.click();
    await waitFor(() => expect(sent).toHaveLength(2));
    expect(sent[1]?.headers.get('Idempotency-Key')).toBe(sent[0]?.headers.get('Idempotency-Key'));
    answer(json(409, { code: 'slug_taken', title: 'Taken', detail: 'acme is taken.' }));
    expect(await screen.findByRole('heading', { name: 'identity' })).toBeTruthy();
    expect(screen.getByText('acme is taken.')).toBeTruthy();
    expect(screen.queryByText('Not available')).toBeNull();
  });
});
