import { expect, test } from 'vitest';
import type { IsolationReport } from '../../api/types';
import { byLayer, type Check, compare, reportBefore } from './compare';

const check = (name: string, change: Partial<Check> = {}): Check => ({
  layer: 'catalogue',
  name,
  promise: 'It holds.',
  attempted: false,
  examined: 3,
  held: 3,
  open: 0,
  evidence: [],
  ...change,
});
const report = (id: string, change: Partial<IsolationReport> = {}): IsolationReport => ({
  id,
  status: 'passed',
  seed: 1,
  sampled: false,
  requested_by: 'operator',
  requested_at: `2026-03-0${id}T12:00:00Z`,
  software: 'tenantry 0.1.0',
  tenants: 2,
  attempts: 0,
  refusals: 0,
  open: 0,
  checks: [],
  ...change,
});

test('the one before is finished, older, and over the same scope', () => {
  const all = [
    report('5'),
    report('4', { status: 'broken' }),
    report('3', { tenant: 'acme' }),
    report('2'),
    report('1'),
  ];
  expect(reportBefore(report('4'), all)?.id).toBe('2');
  expect(reportBefore(report('5', { tenant: 'acme' }), all)?.id).toBe('3');
  expect(reportBefore(report('1'), all)).toBeUndefined();
});

test('what has opened stands first, and what is not checked any more is told', () => {
  const before = report('1', {
    checks: [check('grants'), check('roles', { open: 2 }), check('views'), check('home')],
  });
  const now = report('2', {
    checks: [check('home', { examined: 5 }), check('logins'), check('roles'), check('grants', { open: 1 })],
  });
  expect(compare(now, before).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'opened grants',
    'gone views',
    'closed roles',
    'new logins',
    'counted home',
  ]);
  expect(compare(now, now)).toEqual([]);
});

test('layers come in the order of the proof, empty ones are left out', () => {
  const checks = [check('a', { layer: 'http' }), check('b'), check('c', { layer: 'http' })];
  expect(byLayer(report('1', { checks })).map(([layer, some]) => [layer, some.length])).toEqual([
    ['catalogue', 1],
    ['http', 2],
  ]);
});
