// Reports read against each other, and what of a report is told in words. Pure; used by the isolation pages.
import type { IsolationReport, Shape } from '../../api/types';

export type Check = Shape<'IsolationCheck'>;
export type Layer = Shape<'IsolationLayer'>;

export const LAYERS: Record<Layer, { name: string; method: string }> = {
  catalogue: {
    name: 'Catalogue',
    method:
      'Owners, grants, policies, roles, functions, triggers and logins are read from the system catalogue and compared with what each must be.',
  },
  live: {
    name: 'Live',
    method:
      "From every tenant's scope, reads and writes of other tenants' and other workspaces' rows are attempted. Only SQLSTATE 42501 counts as refused. The same statements on the tenant's own tables must be done.",
  },
  http: {
    name: 'HTTP',
    method:
      'Two tenants are made for the proof and removed afterwards. Every operation of the API is asked by one for what is the other one’s. The answer must be, byte for byte, that to an id which does not exist.',
  },
};

/** The checks of each layer, in the order in which they are made. */
export function byLayer(report: IsolationReport): [Layer, Check[]][] {
  return (Object.keys(LAYERS) as Layer[])
    .map((layer): [Layer, Check[]] => [layer, report.checks.filter((check) => check.layer === layer)])
    .filter(([, checks]) => checks.length > 0);
}

/** The newest finished report over the same scope that was asked for before this one. */
export function reportBefore(report: IsolationReport, all: IsolationReport[]): IsolationReport | undefined {
  const older = all.filter(
    (one) =>
      one.id !== report.id &&
      (one.tenant ?? null) === (report.tenant ?? null) &&
      (one.status === 'passed' || one.status === 'failed') &&
      one.requested_at < report.requested_at,
  );
  return older.sort((a, b) => b.requested_at.localeCompare(a.requested_at))[0];
}

export interface Change {
  kind: 'opened' | 'closed' | 'new' | 'gone' | 'counted';
  layer: Layer;
  name: string;
  text: string;
}

const RANK: Record<Change['kind'], number> = { opened: 0, gone: 1, closed: 2, new: 3, counted: 4 };

/** What differs from the report before, the worst first. */
export function compare(now: IsolationReport, before: IsolationReport): Change[] {
  const idOf = (check: Check) => `${check.layer}/${check.name}`;
  const old = new Map(before.checks.map((check) => [idOf(check), check]));
  const changes: Change[] = [];
  for (const check of now.checks) {
    const was = old.get(idOf(check));
    old.delete(idOf(check));
    const { layer, name } = check;
    if (!was) changes.push({ kind: 'new', layer, name, text: 'was not checked before' });
    else if (check.open > was.open)
      changes.push({ kind: 'opened', layer, name, text: `${was.open} open before, ${check.open} now` });
    else if (check.open < was.open)
      changes.push({ kind: 'closed', layer, name, text: `${was.open} open before, ${check.open} now` });
    else if (check.examined !== was.examined)
      changes.push({
        kind: 'counted',
        layer,
        name,
        text: `${was.examined} examined before, ${check.examined} now`,
      });
  }
  for (const { layer, name } of old.values())
    changes.push({ kind: 'gone', layer, name, text: 'was checked before, and is not now' });
  return changes.sort((a, b) => RANK[a.kind] - RANK[b.kind]);
}
