// What happens, as it happens: one stream per tab, over `fetch` since it carries a token. Comes back after its last event.
// Owns: the connection. Calls: `client.ts`. Used by the shell (start, stop, indicator), `liveCache.ts`, pages (`useLive`).
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { authorisedFetch } from './client';
import { type SseEvent, SseParser } from './sse';

/** The one path of the one stream. */
export const LIVE_PATH = '/v1/events';

/** off: not asked for; connecting; live; offline: it will be tried again. */
export type LiveState = 'off' | 'connecting' | 'live' | 'offline';

export interface LiveEvent {
  id: string | null;
  /** `run`, `step`, … as the API names them. */
  kind: string;
  data: unknown;
}

type Listener = (event: LiveEvent) => void;

const listeners = new Map<string, Set<Listener>>();
const gaps = new Set<() => void>();
const watchers = new Set<() => void>();
let state: LiveState = 'off';
let lastId: string | null = null;
let running: AbortController | null = null;

function setState(next: LiveState) {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher();
}

/** Hears of one kind of event, or of all with `*`. */
export function onLive(kind: string, listener: Listener): () => void {
  const some = listeners.get(kind) ?? new Set();
  some.add(listener);
  listeners.set(kind, some);
  return () => some.delete(listener);
}

/** Hears when the stream has opened at no known place: what happened between the last look and now will not be told. */
export function onLiveGap(listener: () => void): () => void {
  gaps.add(listener);
  return () => gaps.delete(listener);
}

export function useLive(kind: string, listener: Listener) {
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => onLive(kind, (event) => latest.current(event)), [kind]);
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => state,
  );
}

/** Opens the stream; it stays until `stopLive`. */
export function startLive() {
  if (running) return;
  running = new AbortController();
  void keep(running.signal);
}

/** Ends the stream, and forgets how far it was: the next one is somebody else's. */
export function stopLive() {
  running?.abort();
  running = null;
  lastId = null;
  setState('off');
}

/** Milliseconds before the next attempt: doubling, to half a minute, spread so that tabs do not come together. */
export function backOff(failures: number, chance: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(failures, 6)) * (0.5 + chance / 2);
}

async function keep(signal: AbortSignal) {
  let failures = 0;
  while (!signal.aborted) {
    setState('connecting');
    const opened = await listen(signal).catch(() => false);
    if (signal.aborted) return;
    // A stream that was open and ended is opened again at once: tokens end, servers are replaced.
    failures = opened ? 0 : failures + 1;
    if (failures > 0) setState('offline');
    await pause(failures === 0 ? 200 : backOff(failures, Math.random()), signal);
    // A page that nobody looks at keeps no session alive.
    await visible(signal);
  }
}

async function listen(signal: AbortSignal): Promise<boolean> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (lastId) headers['Last-Event-ID'] = lastId;
  const request = new Request(new URL(LIVE_PATH, location.origin), { headers, signal });
  const response = await authorisedFetch(request);
  if (!response.ok || !response.body) return false;
  setState('live');
  if (!lastId) for (const listener of gaps) listener();
  const parser = new SseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      for (const event of parser.feed(value)) tell(event);
    }
  } catch {
    return true;
  }
}

function tell(event: SseEvent) {
  if (event.id) lastId = event.id;
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  const told: LiveEvent = { id: event.id, kind: event.event, data };
  for (const kind of [event.event, '*']) {
    for (const listener of listeners.get(kind) ?? []) listener(told);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener('online', done, { once: true });
    signal.addEventListener('abort', done, { once: true });
  });
}

function visible(signal: AbortSignal): Promise<void> {
  if (document.visibilityState === 'visible') return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState !== 'visible' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look, { once: true });
  });
}
