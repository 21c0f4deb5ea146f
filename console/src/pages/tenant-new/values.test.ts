import { describe, expect, it } from 'vitest';
import { Problem } from '../../api/problem';
import { bodyOf, domainsOf, EMPTY, furthestStep, hasInput, refusalOf, type Values } from './values';

const FILLED: Values = {
  ...EMPTY,
  name: ' Acme ',
  slug: 'acme',
  plan_tier: 'pro',
  admin_email: 'ops@acme.example ',
  allowed_domains: 'acme.example, acme.test\nacme.example',
};

const problem = (code: string, errors: Problem['errors'] = []) =>
  new Problem({ code, title: 'No', detail: 'Because.', status: 422, errors, nextSteps: [] });

it('sends what was typed, trimmed, without what is empty', () => {
  expect(bodyOf(FILLED)).toEqual({
    slug: 'acme',
    name: 'Acme',
    admin_email: 'ops@acme.example',
    plan_tier: 'pro',
    allowed_domains: ['acme.example', 'acme.test'],
  });
  expect(bodyOf({ ...FILLED, allowed_domains: ' ' })).not.toHaveProperty('allowed_domains');
});

it('sends numbers of its own as numbers, zero too', () => {
  const body = bodyOf({ ...FILLED, max_agents: ' 0 ', storage_limit_gb: '12' });
  expect(body).toMatchObject({ max_agents: 0, storage_limit_gb: 12 });
  expect(body).not.toHaveProperty('max_tasks_per_month');
  expect(hasInput({ ...EMPTY, max_agents: '0' })).toBe(true);
});

it('sends what it begins with only where it is not as usual', () => {
  expect(bodyOf(FILLED)).not.toHaveProperty('schema_version');
  expect(bodyOf(FILLED)).not.toHaveProperty('demo_data');
  const body = bodyOf({ ...FILLED, schema_version: '2.1', demo_data: true });
  expect(body).toMatchObject({ schema_version: '2.1', demo_data: true });
  const told = problem('invalid', [{ pointer: '/schema_version', code: 'unknown', detail: 'must be 3' }]);
  expect(refusalOf(told, body).fields).toEqual([
    { name: 'schema_version', step: 'options', message: 'Must be 3.' },
  ]);
});

it('gives the same bytes for the same values', () => {
  const kept = JSON.parse(JSON.stringify(bodyOf(FILLED)));
  expect(JSON.stringify(kept)).toBe(JSON.stringify(bodyOf({ ...FILLED })));
});

it('reads domains however they are separated', () => {
  expect(domainsOf(' a.example;b.example  c.example\n')).toEqual(['a.example', 'b.example', 'c.example']);
});

it('opens no step before its fields are filled in', () => {
  expect(furthestStep(EMPTY)).toBe('identity');
  expect(furthestStep({ ...EMPTY, name: 'A', slug: 'abc' })).toBe('options');
  expect(furthestStep(FILLED)).toBe('review');
});

it('knows whether leaving loses anything', () => {
  expect(hasInput(EMPTY)).toBe(false);
  expect(hasInput({ ...EMPTY, plan_tier: 'pro' })).toBe(false);
  expect(hasInput({ ...EMPTY, admin_email: 'a' })).toBe(true);
});

describe('refusalOf', () => {
  const sent = bodyOf(FILLED);

  it('leads a taken slug to its field', () => {
    expect(refusalOf(problem('slug_taken'), sent)).toEqual({
      fields: [{ name: 'slug', step: 'identity', message: 'Because.' }],
      problem: null,
    });
  });

  it('leads pointers to fields, the first step first, and names which of a list', () => {
    const refusal = refusalOf(
      problem('invalid', [
        { pointer: '/allowed_domains/1', code: 'invalid', detail: 'must be a domain' },
        { pointer: '/name', code: 'required', detail: 'must not be empty.' },
      ]),
      sent,
    );
    expect(refusal.problem).toBeNull();
    expect(refusal.fields).toEqual([
      { name: 'name', step: 'identity', message: 'Must not be empty.' },
      { name: 'allowed_domains', step: 'options', message: 'acme.test: must be a domain.' },
    ]);
  });

  it('keeps what belongs to no field', () => {
    const told = problem('invalid', [{ pointer: '/other', code: 'invalid', detail: 'no' }]);
    expect(refusalOf(told, sent)).toEqual({ fields: [], problem: told });
    expect(refusalOf(problem('unavailable'), sent).problem?.code).toBe('unavailable');
  });
});
