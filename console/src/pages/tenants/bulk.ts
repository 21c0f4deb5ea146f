// The same deed on many things, a few at a time, each with its own outcome. Pure but for the deed; used by `BulkDialog`.
import { asProblem, type Problem } from '../../api/problem';

export type Outcome<Done> =
  | { state: 'waiting' }
  | { state: 'working' }
  | { state: 'done'; value: Done }
  | { state: 'failed'; problem: Problem };

interface Work<Item, Done> {
  items: Item[];
  /** So many at once. */
  lanes: number;
  deed: (item: Item) => Promise<Done>;
  tell: (item: Item, outcome: Outcome<Done>) => void;
  /** What is waiting then is left undone. */
  signal?: AbortSignal;
}

/** Does them all; a failure of one stops none. Resolves when nothing is at work any more. */
export async function doMany<Item, Done>({ items, lanes, deed, tell, signal }: Work<Item, Done>) {
  const left = items.values();
  const lane = async () => {
    for (const item of left) {
      if (signal?.aborted) return;
      tell(item, { state: 'working' });
      try {
        tell(item, { state: 'done', value: await deed(item) });
      } catch (thrown) {
        tell(item, { state: 'failed', problem: asProblem(thrown) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
}

export function tally<Done>(outcomes: Outcome<Done>[]) {
  const of = (state: Outcome<Done>['state']) => outcomes.filter((one) => one.state === state).length;
  return { done: of('done'), failed: of('failed'), open: of('waiting') + of('working') };
}
