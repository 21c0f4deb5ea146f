import { describe, expect, it } from 'vitest';
import { asProblem, fieldOf, Problem, problemOf } from './problem';

const answer = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
});

describe('problems', () => {
  it('are read from what the API says', () => {
    const problem = problemOf(
      {
        type: 'https://tenantry.dev/problems/invalid',
        title: 'Some fields are not valid',
        status: 422,
        detail: 'One field.',
        code: 'invalid',
        request_id: 'abc',
        errors: [{ pointer: '/email', code: 'format', detail: 'no address' }],
        next_steps: ['Correct it.'],
      },
      answer(422, { 'x-request-id': 'other' }),
    );
    expect(problem).toMatchObject({
      code: 'invalid',
      status: 422,
      requestId: 'abc',
      errors: [{ pointer: '/email', code: 'format', detail: 'no address' }],
      nextSteps: ['Correct it.'],
    });
    expect(problem.passing).toBe(false);
  });

  it('say how long to wait', () => {
    expect(
      problemOf({ code: 'too_many_requests', title: 'x' }, answer(429, { 'retry-after': '4' })),
    ).toMatchObject({
      retryAfter: 4,
      passing: true,
    });
    expect(
      problemOf({ code: 'x', title: 'x' }, answer(503, { 'retry-after': 'soon' })).retryAfter,
    ).toBeUndefined();
  });

  it.each([[null], ['<html>'], [[]], [{ code: 1 }]])(
    'are made of an answer that is none of ours: %j',
    (body) => {
      const problem = problemOf(body, answer(502, { 'x-request-id': 'abc' }));
      expect(problem).toMatchObject({
        code: 'unreadable_answer',
        status: 502,
        requestId: 'abc',
        passing: true,
      });
      expect(problem.nextSteps).not.toHaveLength(0);
    },
  );

  it('are made of whatever was thrown', () => {
    expect(asProblem(new TypeError('Failed to fetch'))).toMatchObject({ code: 'network', passing: true });
    expect(asProblem(new Error('broken'))).toMatchObject({
      code: 'page_error',
      detail: 'broken',
      passing: false,
    });
    const own = new Problem({ code: 'x', title: 'x', detail: '', status: 409, errors: [], nextSteps: [] });
    expect(asProblem(own)).toBe(own);
  });

  it('point at fields of forms', () => {
    expect(fieldOf('/email')).toBe('email');
    expect(fieldOf('/allowed_domains/0')).toBe('allowed_domains.0');
    expect(fieldOf('/a~1b/c~0d')).toBe('a/b.c~d');
    expect(fieldOf('')).toBe('');
  });
});
