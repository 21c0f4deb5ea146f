import { renderHook, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { setFixedToken } from '../session/tokens';
import { backOff, onLiveGap, startLive, stopLive, useLiveState } from './live';
import { withStep } from './liveCache';
import type { Run, Step } from './types';

afterEach(() => {
  stopLive();
  setFixedToken(null);
  vi.unstubAllGlobals();
});

describe('the live stream', () => {
  it('is live once it is open, before anything happens', async () => {
    setFixedToken('token');
    const silent = new ReadableStream<Uint8Array>();
    vi.stubGlobal('fetch', async () => new Response(silent, { status: 200 }));
    const { result } = renderHook(useLiveState);
    startLive();
    await waitFor(() => expect(result.current).toBe('live'));
  });

  it('tells of what may have been missed where it opens at no known place, and not where it goes on', async () => {
    setFixedToken('token');
    const asked: (string | null)[] = [];
    const streams = [
      // Ends without a word; then with one, from whose place it goes on.
      new Response('', { status: 200 }),
      new Response('id: 1.2\nevent: weather\ndata: {}\n\n', { status: 200 }),
      new Response(new ReadableStream<Uint8Array>(), { status: 200 }),
    ];
    vi.stubGlobal('fetch', async (request: Request) => {
      asked.push(request.headers.get('Last-Event-ID'));
      return streams[asked.length - 1];
    });
    const missed = vi.fn();
    const stop = onLiveGap(missed);
    startLive();
    await waitFor(() => expect(asked).toEqual([null, null, '1.2']));
    stop();
    expect(missed).toHaveBeenCalledTimes(2);
  });

  it('waits longer with each failure, to half a minute, and never all tabs at once', () => {
    const waits = [1, 2, 3, 4, 5, 6, 20].map((failures) => backOff(failures, 1));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBe(30_000);
    expect(backOff(3, 0)).toBe(backOff(3, 1) / 2);
  });

  it('puts a step into its run and leaves the others', () => {
    const step = (name: string, status: string) => ({ name, status, attempts: 1 }) as Step;
    const run = { id: 'run_1', steps: [step('reserve', 'succeeded'), step('place', 'running')] } as Run;
    const after = withStep(run, step('place', 'failed'));
    expect(after.steps.map((one) => one.status)).toEqual(['succeeded', 'failed']);
    expect(run.steps[1]?.status).toBe('running');
  });
});
