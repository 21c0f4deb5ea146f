// Leads live events into the query cache: a run that is on screen is set, lists look again. Used by the shell, once.
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { keys } from './keys';
import { type LiveEvent, onLive, onLiveGap } from './live';
import type { AuditEvent, IsolationReport, Run, Step } from './types';

/** What each kind of event makes stale. A kind that is not listed changes nothing on screen. */
const STALE: Record<string, QueryKey[]> = {
  run: [keys.runs, keys.tenants, keys.overview],
  audit: [keys.audit],
  isolation: [keys.isolation, keys.overview],
  refusal: [keys.audit, keys.isolation, keys.overview],
};

/** What deeds make stale beside the trail that tells of them, by how their names begin: a change of a tenant has no event of its own. */
const DEEDS: [prefix: string, QueryKey[]][] = [['tenant.', [keys.tenants, keys.overview]]];

/** Whatever events are about. */
const HEARD: QueryKey[] = [...Object.values(STALE), ...DEEDS.map(([, stale]) => stale)].flat();

/** What an event makes stale. */
export function staleAfter(event: Pick<LiveEvent, 'kind' | 'data'>): QueryKey[] {
  if (isProgress(event)) return [];
  const stale = STALE[event.kind] ?? [];
  if (event.kind !== 'audit') return stale;
  const { action } = event.data as AuditEvent;
  const deeds = DEEDS.filter(([prefix]) => action.startsWith(prefix));
  return [...stale, ...deeds.flatMap(([, keys]) => keys)];
}

/** Lists look again at most so often, however many events come. */
const CALM = 400;

export function feedCache(client: QueryClient): () => void {
  const waiting = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const queryKey of waiting.values()) readAgain(client, queryKey);
    waiting.clear();
  };
  const lookAgain = (stale: QueryKey[]) => {
    for (const key of stale) waiting.set(JSON.stringify(key), key);
    if (waiting.size > 0) timer ??= setTimeout(flush, CALM);
  };
  const stops = [
    onLive('*', (event) => {
      setRun(client, event);
      setReport(client, event);
      lookAgain(staleAfter(event));
    }),
    // What was read while the stream was being opened is read again, once: an event in between was told to nobody.
    onLiveGap(() => lookAgain(HEARD)),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

function readAgain(client: QueryClient, queryKey: QueryKey) {
  // A first answer that is still on its way may be older than what made it stale, and is waited for: it is read again after it.
  const first = client
    .getQueryCache()
    .findAll({ queryKey, fetchStatus: 'fetching', predicate: ({ state }) => state.data === undefined });
  void client.invalidateQueries({ queryKey });
  for (const { promise, queryKey: own } of first)
    promise?.then(
      () => client.invalidateQueries({ queryKey: own, exact: true }),
      // Its failure is told where it is shown.
      () => {},
    );
}

function setRun(client: QueryClient, event: LiveEvent) {
  if (event.kind === 'run') {
    const run = event.data as Run;
    client.setQueryData(keys.run(run.id), run);
  }
  if (event.kind === 'step') {
    const step = event.data as Step & { run_id: string };
    client.setQueryData(keys.run(step.run_id), (run: Run | undefined) => run && withStep(run, step));
  }
}

/** A proof that is watched: its events leave the checks out, which the page asks for when it is over. */
function setReport(client: QueryClient, event: LiveEvent) {
  if (event.kind !== 'isolation') return;
  const told = event.data as IsolationReport;
  if (told.finished_at) return;
  client.setQueryData(
    keys.isolationReport(told.id),
    (known: IsolationReport | undefined) =>
      // What another worker had done of it is left out of the event, and counts for nothing.
      known && (known.finished_at || isAhead(known, told) ? known : { ...known, progress: null, ...told }),
  );
}

/** Asked for meanwhile, a report may know more than the stream has told by then. */
function isAhead(known: IsolationReport, told: IsolationReport): boolean {
  return known.started_at === told.started_at && (known.progress?.done ?? 0) > (told.progress?.done ?? 0);
}

/** Whether an event tells no more than how far a proof is: lists and the overview show nothing of it. */
function isProgress({ kind, data }: Pick<LiveEvent, 'kind' | 'data'>): boolean {
  return kind === 'isolation' && Boolean((data as IsolationReport).progress);
}

/** The run with this step as it is now. */
export function withStep(run: Run, step: Step): Run {
  return { ...run, steps: run.steps.map((one) => (one.name === step.name ? { ...one, ...step } : one)) };
}
