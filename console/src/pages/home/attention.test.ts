import { expect, it } from 'vitest';
import type { Shape } from '../../api/types';
import { attention } from './attention';

const FINE: Shape<'Overview'> = {
  tenants: {
    total: 3,
    by_status: { provisioning: 0, active: 3, suspended: 0, deleted: 0 },
    by_tier: { free: 1, starter: 0, pro: 2, enterprise: 0 },
  },
  runs: { pending: 0, running: 0, rolling_back: 0, needs_attention: 0, rolled_back_24h: 0, stuck: 0 },
  slots: { ready: 2, broken: 0 },
  lost_leases: 0,
  failed_jobs: 0,
  isolation: {
    newest: { id: 'iso_1', status: 'passed', finished_at: '2026-01-01T00:00:00Z', age_seconds: 60, open: 0 },
    at_work: null,
  },
  cross_tenant: { refused_24h: 5, behind: 0 },
  unsealed_seconds: 0,
  schema_bytes: 0,
  looked_at: '2026-01-01T00:00:00Z',
};
const ids = (overview: Partial<Shape<'Overview'>>, checks: Shape<'Check'>[] = []) =>
  attention({ ...FINE, ...overview }, checks).map(({ id }) => id);

it('has nothing where all is fine, or nothing was read', () => {
  expect(ids({}, [{ name: 'mail', status: 'ok' }])).toEqual([]);
  expect(attention(undefined, undefined)).toEqual([]);
});

it('puts what fails before what is to be looked at', () => {
  const runs = { ...FINE.runs, rolled_back_24h: 1, needs_attention: 2 };
  expect(ids({ runs, lost_leases: 1 }, [{ name: 'secrets', status: 'failing' }])).toEqual([
    'needs_attention',
    'doctor.secrets',
    'rolled_back',
    'lost_leases',
  ]);
});

it('asks for a proof that is missing, failed or older than a day', () => {
  const newest = FINE.isolation.newest;
  if (!newest) throw new Error('the sample has a proof');
  const of = (isolation: Partial<Shape<'IsolationGlance'>>) =>
    attention({ ...FINE, isolation: { ...FINE.isolation, ...isolation } }, [])[0];
  expect(of({ newest: null })).toMatchObject({ status: 'warn', page: { label: 'Prove isolation' } });
  expect(of({ newest: null, at_work: 'iso_2' })).toMatchObject({ page: { label: 'Watch the proof' } });
  expect(of({ newest: { ...newest, status: 'failed', open: 2 } })).toMatchObject({
    status: 'failing',
    title: 'The last proof of isolation found 2 things open',
    page: { path: '/isolation/iso_1' },
  });
  expect(of({ newest: { ...newest, age_seconds: 2 * 86_400 } })?.title).toContain('old');
  expect(of({ newest: { ...newest, age_seconds: 3_600 } })).toBeUndefined();
});

it('tells what the overview has only once', () => {
  const runs = { ...FINE.runs, stuck: 1 };
  expect(ids({ runs }, [{ name: 'stuck_runs', status: 'failing' }])).toEqual(['stuck_runs']);
});
