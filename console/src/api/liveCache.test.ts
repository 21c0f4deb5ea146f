import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keys } from './keys';
import type { LiveEvent } from './live';
import { feedCache, staleAfter } from './liveCache';

let tell: (event: LiveEvent) => void;
let open: () => void;
vi.mock('./live', () => ({
  onLive: (_: string, listener: typeof tell) => {
    tell = listener;
    return () => {
      tell = () => {};
    };
  },
  onLiveGap: (listener: typeof open) => {
    open = listener;
    return () => {
      open = () => {};
    };
  },
}));

const event = (kind: string, data: unknown = {}): LiveEvent => ({ id: null, kind, data });
const RUN = { id: 'run_1', status: 'running', steps: [{ name: 'place', status: 'pending' }] };

describe('live events and what is on screen', () => {
  let client: QueryClient;
  let stop: () => void;
  const stale = (key: readonly unknown[]) => client.getQueryState(key)?.isInvalidated;
  beforeEach(() => {
    vi.useFakeTimers();
    client = new QueryClient();
    for (const key of [keys.runs, keys.tenants, keys.audit, keys.members]) client.setQueryData(key, {});
    stop = feedCache(client);
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('a run that comes is shown at once; its lists look again a moment later', () => {
    tell(event('run', RUN));
    expect(client.getQueryData(keys.run('run_1'))).toEqual(RUN);
    expect(stale(keys.runs)).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(stale(keys.runs)).toBe(true);
    expect(stale(keys.tenants)).toBe(true);
    expect(stale(keys.members)).toBe(false);
  });

  it('a step changes the run on screen, and makes none', () => {
    tell(event('step', { run_id: 'run_1', name: 'place', status: 'succeeded' }));
    expect(client.getQueryData(keys.run('run_1'))).toBeUndefined();
    tell(event('run', RUN));
    tell(event('step', { run_id: 'run_1', name: 'place', status: 'succeeded' }));
    expect(client.getQueryData(keys.run('run_1'))).toMatchObject({
      steps: [{ name: 'place', status: 'succeeded' }],
    });
  });

  it('a proof that is watched goes on, and never back; its end is asked for', () => {
    const key = keys.isolationReport('iso_1');
    const at = (done: number, more = {}) => {
      const progress = { layer: 'live', done, of: 9, checks: 1, attempts: 2, refusals: 2, open: 0 };
      return event('isolation', {
        id: 'iso_1',
        status: 'running',
        started_at: 'now',
        checks: [],
        progress,
        ...more,
      });
    };
    const done = () => client.getQueryData<{ progress?: { done: number } }>(key)?.progress?.done;
    tell(at(1));
    expect(done()).toBeUndefined();
    client.setQueryData(key, { id: 'iso_1', status: 'running', started_at: 'now' });
    tell(at(3));
    tell(at(2));
    expect(done()).toBe(3);
    tell(at(1, { started_at: 'later' }));
    expect(done()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(stale(key)).toBe(false);
    tell(event('isolation', { id: 'iso_1', status: 'passed', finished_at: 'now' }));
    vi.advanceTimersByTime(1_000);
    expect(stale(key)).toBe(true);
    client.setQueryData(key, { id: 'iso_1', status: 'passed', finished_at: 'now' });
    tell(at(4));
    expect(client.getQueryData(key)).toMatchObject({ status: 'passed' });
  });

  it('a proof that is taken anew has none of what was done before', () => {
    const key = keys.isolationReport('iso_1');
    const proof = { id: 'iso_1', status: 'running', started_at: 'first', progress: { done: 7 } };
    client.setQueryData(key, proof);
    tell(event('isolation', { id: 'iso_1', status: 'running', started_at: 'anew' }));
    expect(client.getQueryData(key)).toMatchObject({ started_at: 'anew', progress: null });
  });

  it('many events at once make a list look again once', () => {
    const looks = vi.spyOn(client, 'invalidateQueries');
    for (let time = 0; time < 100; time += 1) tell(event('audit', { action: 'user.sign_in' }));
    vi.advanceTimersByTime(1_000);
    const audits = looks.mock.calls.filter(
      ([filter]) => JSON.stringify(filter?.queryKey) === JSON.stringify(keys.audit),
    );
    expect(audits).toHaveLength(1);
  });

  it('what was read before the stream was open is read again, once, and nothing else', () => {
    const looks = vi.spyOn(client, 'invalidateQueries');
    open();
    vi.advanceTimersByTime(1_000);
    for (const key of [keys.runs, keys.tenants, keys.audit]) expect(stale(key)).toBe(true);
    expect(stale(keys.members)).toBe(false);
    const asked = looks.mock.calls.map(([filter]) => JSON.stringify(filter?.queryKey));
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('a first answer on its way is read again after it: it may be older than the event', async () => {
    let answer: (value: string) => void = () => {};
    const read = vi.fn(
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
    );
    const seen = new QueryObserver(client, { queryKey: keys.overview, queryFn: read, staleTime: 60_000 });
    const leave = seen.subscribe(() => {});
    tell(event('run', RUN));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(1);
    answer('before');
    await vi.advanceTimersByTimeAsync(10);
    expect(read).toHaveBeenCalledTimes(2);
    answer('after');
    await vi.advanceTimersByTimeAsync(10);
    expect(seen.getCurrentResult().data).toBe('after');
    leave();
  });

  it('a kind that it does not know changes nothing', () => {
    const looks = vi.spyOn(client, 'invalidateQueries');
    tell(event('weather'));
    vi.advanceTimersByTime(1_000);
    expect(looks).not.toHaveBeenCalled();
  });

  it('nothing comes after the end', () => {
    tell(event('audit', { action: 'user.sign_in' }));
    stop();
    vi.advanceTimersByTime(1_000);
    expect(stale(keys.audit)).toBe(false);
  });
});

const deed = (action: string) => staleAfter({ kind: 'audit', data: { action } });

describe('what an event makes stale', () => {
  it('is the trail and, where a tenant was changed, tenants and the overview: a change has no event of its own', () => {
    for (const action of ['tenant.update', 'tenant.create', 'tenant.purge'])
      expect(deed(action)).toEqual([keys.audit, keys.tenants, keys.overview]);
  });

  it('is the trail alone for every other deed', () => {
    expect(deed('user.sign_in')).toEqual([keys.audit]);
    expect(deed('member.create')).toEqual([keys.audit]);
  });

  it('follows runs, and is nothing for a kind that is unknown', () => {
    expect(staleAfter({ kind: 'run', data: {} })).toContainEqual(keys.tenants);
    expect(staleAfter({ kind: 'weather', data: {} })).toEqual([]);
  });
});
