// What a run's state means for whoever looks at it: how far, what failed, what can be done. Pure; used by the run page and Home.
import type { Run, RunStatus, Step } from '../../api/types';

const ENDED: RunStatus[] = ['succeeded', 'rolled_back', 'needs_attention'];

export const hasEnded = (run: Run) => ENDED.includes(run.status);
export const hasFailed = (run: Run) => run.status === 'rolled_back' || run.status === 'needs_attention';

const DONE: Step['status'][] = ['succeeded', 'skipped'];

/** Steps that are done, of all. */
export function progress(run: Run): { done: number; of: number; at: Step | undefined } {
  const open = run.steps.find((step) => step.status === 'running');
  return {
    done: run.steps.filter((step) => DONE.includes(step.status)).length,
    of: run.steps.length,
    at: open ?? run.steps.find((step) => step.status === 'pending'),
  };
}

export function failedStep(run: Run): Step | undefined {
  return run.steps.find((step) => step.status === 'failed');
}

/** In the order in which they were undone. */
export function undoneSteps(run: Run): Step[] {
  return run.steps.filter((step) => step.status === 'undone').reverse();
}

const DAY = 24 * 3_600_000;

/** Whether a rollback is offered. The server decides: a run that another one came after is refused there. */
export function mayRollBack(run: Run, now: number): boolean {
  if (run.status === 'succeeded')
    return (
      ['create', 'adopt', 'import'].includes(run.kind) &&
      !isDryRun(run) &&
      now - Date.parse(run.finished_at ?? run.created_at) < DAY
    );
  return run.status === 'pending' || run.status === 'running' || run.status === 'needs_attention';
}

export const mayRetry = (run: Run) => run.status === 'rolled_back';

/** An adoption that only looked made nothing that could be taken back. */
function isDryRun(run: Run): boolean {
  return run.kind === 'adopt' && run.steps.length === 1;
}

/** Whether its success made a tenant. */
export function madeTenant(run: Run): boolean {
  return ['create', 'adopt', 'import'].includes(run.kind) && run.status === 'succeeded' && !isDryRun(run);
}

/** Milliseconds from the wish: to its end where it ended, to now where not. */
export function elapsed(run: Run, now: number): number {
  return run.duration_ms ?? Math.max(0, now - Date.parse(run.created_at));
}
