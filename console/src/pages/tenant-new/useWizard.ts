// The wizard's mind: one form over all steps, the step in the URL, the draft, and the one request. Used by `NewTenantPage`.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { type UseFormReturn, useForm } from 'react-hook-form';
import { idempotencyKey } from '../../api/client';
import { keys } from '../../api/keys';
import type { Problem } from '../../api/problem';
import { askForTenant, keepWish, type Made, madeKey, type NewTenant } from '../runs/made';
import { type Draft, forgetDraft, keepDraft, openDraft } from './draft';
import {
  bodyOf,
  FIELDS_OF,
  furthestStep,
  hasInput,
  refusalOf,
  STEP_NAMES,
  type Values,
  type WizardStep,
} from './values';

export interface Wizard {
  form: UseFormReturn<Values>;
  draft: Draft;
  step: WizardStep;
  /** The furthest step that was seen: it and those before it can be opened again. */
  reached: number;
  /** Opens a step; forward only past fields that are fine. */
  go: (step: WizardStep) => Promise<void>;
  next: () => Promise<void>;
  create: () => Promise<void>;
  busy: boolean;
  problem: Problem | null;
  /** Takes another key: for who knows that the first request made something else. */
  renew: () => void;
  /** The step that was shown last: another one takes the focus. */
  shown: RefObject<WizardStep>;
  /** Whether leaving now would lose input. */
  wouldLose: () => boolean;
}

const place = (step: WizardStep) => STEP_NAMES.indexOf(step);

export function useWizard(who: string, wanted: WizardStep): Wizard {
  const [draft, setDraft] = useState(() => openDraft(who));
  const form = useForm<Values>({ defaultValues: draft.values });
  // A link or a reload opens no step before its fields are filled in.
  const step = STEP_NAMES[Math.min(place(wanted), place(furthestStep(form.getValues())))] ?? 'identity';
  const [seen, setSeen] = useState(place(step));
  const reached = Math.max(seen, place(step));
  const shown = useRef(step);
  const navigate = useNavigate();
  const request = useRequest(draft, form, (to) => show(to));

  useEffect(
    () =>
      form.subscribe({
        formState: { values: true },
        callback: ({ values }) => keepDraft({ ...draft, values }),
      }),
    [form, draft],
  );

  const show = (to: WizardStep) => {
    setSeen(Math.max(reached, place(to)));
    return navigate({ to: '/tenants/new', search: to === 'identity' ? {} : { step: to } });
  };
  const go = async (to: WizardStep) => {
    if (place(to) > place(step) && !(await form.trigger(FIELDS_OF[step], { shouldFocus: true }))) return;
    await show(to);
  };
  return {
    form,
    draft,
    step,
    reached,
    shown,
    go,
    next: () => go(STEP_NAMES[place(step) + 1] ?? 'review'),
    ...request,
    renew: () => {
      const renewed = { ...draft, key: idempotencyKey(), values: form.getValues() };
      keepDraft(renewed);
      setDraft(renewed);
      request.forget();
    },
    wouldLose: () => !request.isMade() && hasInput(form.getValues()),
  };
}

/** The one request, and what becomes of its answer. */
function useRequest(draft: Draft, form: UseFormReturn<Values>, show: (step: WizardStep) => unknown) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<Problem | null>(null);
  const sending = useRef(false);
  const made = useRef(false);
  const ask = useMutation({ mutationFn: (body: NewTenant) => askForTenant({ key: draft.key, body }) });

  const enter = (answer: Made, body: NewTenant) => {
    made.current = true;
    keepWish(answer.run.id, { key: draft.key, body, at: Date.now() });
    forgetDraft();
    client.setQueryData(keys.run(answer.run.id), answer.run);
    client.setQueryData(madeKey(answer.run.id), answer);
    void client.invalidateQueries({ queryKey: keys.tenants });
    // In place of the review: what was sent is not gone back to.
    return navigate({ to: '/runs/$run', params: { run: answer.run.id }, replace: true });
  };
  const refused = (thrown: unknown, body: NewTenant) => {
    const refusal = refusalOf(thrown, body);
    for (const { name, message } of refusal.fields) form.setError(name, { type: 'server', message });
    setProblem(refusal.problem);
    if (refusal.fields.some(({ name }) => name === 'slug'))
      void client.invalidateQueries({ queryKey: ['slugs'] });
    const first = refusal.fields[0];
    if (first) show(first.step);
  };
  const create = async () => {
    // Two clicks in one frame are one.
    if (sending.current || made.current) return;
    sending.current = true;
    setProblem(null);
    const body = bodyOf(form.getValues());
    try {
      await enter(await ask.mutateAsync(body), body);
    } catch (thrown) {
      refused(thrown, body);
    } finally {
      sending.current = false;
    }
  };
  return {
    create,
    busy: ask.isPending,
    problem,
    forget: () => setProblem(null),
    isMade: () => made.current,
  };
}
