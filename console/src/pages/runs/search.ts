// What the runs pages keep in the URL. Pure; used by the routes, which are loaded first: nothing large is imported here.
import type { RunKind, RunStatus } from '../../api/types';
import { flag, oneOf, type TableSearch, tableSearch, text } from '../../ui/search';

const KINDS: RunKind[] = ['create', 'adopt', 'import', 'suspend', 'resume', 'delete', 'restore', 'purge'];
const STATUSES: RunStatus[] = [
  'pending',
  'running',
  'succeeded',
  'rolling_back',
  'rolled_back',
  'needs_attention',
];

type Raw = Record<string, unknown>;

export interface RunsSearch extends TableSearch {
  tenant?: string | undefined;
  kind?: RunKind | undefined;
  status?: RunStatus | undefined;
  /** Only what failed. */
  failed?: boolean | undefined;
}

export const runsSearch = (raw: Raw): RunsSearch => ({
  ...tableSearch(raw),
  tenant: text(raw.tenant, 63),
  kind: oneOf(raw.kind, KINDS),
  status: oneOf(raw.status, STATUSES),
  failed: flag(raw.failed),
});

export function runSearch(raw: Raw): { view?: 'compact' | 'json' } {
  const view = oneOf(raw.view, ['compact', 'json'] as const);
  return view ? { view } : {};
}
