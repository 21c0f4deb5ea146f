import { expect, it } from 'vitest';
import type { Run, Step, StepName } from '../../api/types';
import { keepWish, wishOf } from './made';
import { rollbackEffects } from './RollbackDialog';
import { elapsed, failedStep, madeTenant, mayRetry, mayRollBack, progress, undoneSteps } from './state';

const ASKED = Date.parse('2026-01-01T00:00:00Z');
const step = (name: StepName, status: Step['status']): Step => ({ name, status, attempts: 1 });
const run = (change: Partial<Run> = {}): Run => ({
  id: 'run_1',
  kind: 'create',
  tenant_id: 'ten_1',
  tenant_slug: 'acme',
  status: 'succeeded',
  created_at: '2026-01-01T00:00:00Z',
  finished_at: '2026-01-01T00:00:01Z',
  steps: [step('reserve', 'succeeded'), step('extras', 'skipped'), step('activate', 'succeeded')],
  ...change,
});

it('counts skipped steps as done, and names the one at work', () => {
  const at = run({
    status: 'running',
    steps: [
      step('reserve', 'succeeded'),
      step('extras', 'skipped'),
      step('verify', 'running'),
      step('activate', 'pending'),
    ],
  });
  expect(progress(at)).toMatchObject({ done: 2, of: 4, at: { name: 'verify' } });
});

it('tells what failed, and what was undone in which order', () => {
  const back = run({
    status: 'rolled_back',
    steps: [
      step('reserve', 'undone'),
      step('place', 'undone'),
      step('verify', 'failed'),
      step('activate', 'pending'),
    ],
  });
  expect(failedStep(back)?.name).toBe('verify');
  expect(undoneSteps(back).map(({ name }) => name)).toEqual(['place', 'reserve']);
  expect(mayRetry(back)).toBe(true);
  expect(mayRollBack(back, ASKED)).toBe(false);
});

it('offers a rollback for a day, and only of what made a tenant', () => {
  const hour = 3_600_000;
  expect(mayRollBack(run(), ASKED + hour)).toBe(true);
  expect(mayRollBack(run(), ASKED + 25 * hour)).toBe(false);
  expect(mayRollBack(run({ kind: 'suspend' }), ASKED + hour)).toBe(false);
  expect(mayRollBack(run({ status: 'needs_attention' }), ASKED + 99 * hour)).toBe(true);
  const looked = run({ kind: 'adopt', steps: [step('inspect', 'succeeded')] });
  expect(mayRollBack(looked, ASKED + hour)).toBe(false);
  expect(madeTenant(looked)).toBe(false);
});

it('counts to now until it has ended', () => {
  expect(elapsed(run({ duration_ms: 12 }), ASKED + 99)).toBe(12);
  expect(elapsed(run({ duration_ms: null }), ASKED + 99)).toBe(99);
  expect(elapsed(run({ duration_ms: null }), ASKED - 99)).toBe(0);
});

it('says what a rollback takes, by kind', () => {
  expect(rollbackEffects(run()).join(' ')).toContain('removed with everything in it');
  expect(rollbackEffects(run({ kind: 'adopt' })).join(' ')).toContain('No row is touched');
  expect(rollbackEffects(run({ kind: 'suspend' })).join(' ')).toContain('as it was before');
});

it('repeats a request only while the server keeps its answer', () => {
  const body = { slug: 'acme', name: 'Acme', admin_email: 'a@acme.example' };
  keepWish('run_1', { key: 'k', body, at: ASKED });
  expect(wishOf('run_1', ASKED + 1000)?.key).toBe('k');
  expect(wishOf('run_1', ASKED + 23 * 3_600_000)).toBeNull();
  expect(wishOf('run_2', ASKED)).toBeNull();
});
