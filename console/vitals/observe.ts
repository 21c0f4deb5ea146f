// What a page tells of its own speed, and what the browser tells of the work behind it. Used by `console.spec.ts`.
import type { CDPSession, Page } from '@playwright/test';

export interface Seen {
  /** First contentful paint, milliseconds after the navigation began. */
  fcp: number;
  /** Largest contentful paint. */
  lcp: number;
  /** Layout shifts, summed. */
  cls: number;
  /** The slowest interaction: from the key or the click to the next frame, in steps of 8 ms. */
  inp: number;
  /** What long tasks took beyond 50 ms each. */
  blocked: number;
}

interface Watched extends Window {
  seen: Seen;
}

/** Has every page that comes keep what it sees; `seen` reads it. */
export async function observe(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { fcp: 0, lcp: 0, cls: 0, inp: 0, blocked: 0 };
    (window as unknown as Watched).seen = seen;
    const watch = (type: string, take: (entry: PerformanceEntry & Record<string, number>) => void) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) take(entry as never);
      }).observe({ type, buffered: true, ...(type === 'event' ? { durationThreshold: 16 } : {}) });
    watch('paint', (entry) => {
      if (entry.name === 'first-contentful-paint') seen.fcp = entry.startTime;
    });
    watch('largest-contentful-paint', (entry) => {
      seen.lcp = entry.startTime;
    });
    watch('layout-shift', (entry) => {
      if (!entry.hadRecentInput) seen.cls += entry.value ?? 0;
    });
    watch('event', (entry) => {
      if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration);
    });
    watch('longtask', (entry) => {
      seen.blocked += entry.duration - 50;
    });
  });
}

export async function seen(page: Page): Promise<Seen> {
  await frames(page);
  return page.evaluate(() => (window as unknown as Watched).seen);
}

/** Until the browser has shown what it knows: an event is told of after the frame that followed it. */
export function frames(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((done) => {
        const next = (left: number) => (left ? requestAnimationFrame(() => next(left - 1)) : done());
        next(4);
      }),
  );
}

export interface Work {
  /** Milliseconds of JavaScript. */
  script: number;
  /** Milliseconds of style and layout. */
  layout: number;
}

/** What the main thread does meanwhile. */
export async function workOf(page: Page, cdp: CDPSession, deed: () => Promise<unknown>): Promise<Work> {
  const before = await totals(cdp);
  await deed();
  await frames(page);
  const after = await totals(cdp);
  return { script: after.script - before.script, layout: after.layout - before.layout };
}

async function totals(cdp: CDPSession): Promise<Work> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name: string) => (metrics.find((metric) => metric.name === name)?.value ?? 0) * 1000;
  return { script: of('ScriptDuration'), layout: of('LayoutDuration') + of('RecalcStyleDuration') };
}
