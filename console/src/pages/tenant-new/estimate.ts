// How long making a tenant takes, from what the last ones took. Pure; used by the review.
import type { Run } from '../../api/types';
import { duration } from '../../ui/format';

type Taken = { steps: Pick<Run['steps'][number], 'name' | 'detail'>[] };

/** Those that were made the same way: from a slot or not, with demo data or not. All of them where none was. */
export function alike<One extends Taken>(runs: One[], warm: boolean, demoData: boolean): One[] {
  const same = runs.filter(
    ({ steps }) =>
      steps.some(({ name, detail }) => name === 'place' && detail === 'warm slot') === warm &&
      steps.some(({ name }) => name === 'demo_data') === demoData,
  );
  return same.length > 0 ? same : runs;
}

/** `About 40 ms, as the last 20 took`; nothing where no tenant was made yet. */
export function estimate(runs: Pick<Run, 'duration_ms'>[]): string | null {
  const took = runs.flatMap((run) => run.duration_ms ?? []).sort((a, b) => a - b);
  const middle = took[Math.floor((took.length - 1) / 2)];
  const longest = took.at(-1);
  if (middle === undefined || longest === undefined) return null;
  if (took.length === 1) return `About ${duration(middle)}, as the last one took`;
  return `About ${duration(middle)}; the longest of the last ${took.length} took ${duration(longest)}`;
}
