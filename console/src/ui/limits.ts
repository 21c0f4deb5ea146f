// Limits and prices in words. Pure; used wherever a tier or what a tenant may use is shown.
import type { Shape, TierTerms } from '../api/types';
import { count } from './format';

/** What is allowed, in the order in which people ask. */
export function limitRows(limits: Shape<'Limits'>): [string, string][] {
  const most = (value: number | null | undefined, unit = '') =>
    value === null || value === undefined ? 'Unlimited' : `${count(value)}${unit}`;
  return [
    ['Workspaces', most(limits.workspaces)],
    ['Members', most(limits.workspace_members, ' in each workspace')],
    ['Agents', most(limits.agents)],
    ['Agent minutes', most(limits.agent_minutes_per_month, ' a month')],
    ['Tasks', most(limits.tasks_per_month, ' a month')],
    ['Tasks at once', most(limits.concurrent_tasks)],
    ['API calls', most(limits.api_calls_per_hour, ' an hour')],
    ['Storage', most(limits.storage_gb, ' GB')],
  ];
}

/** `$49 a month`; whole dollars without their cents. */
export function price({ price_usd_per_month: dollars }: TierTerms): string {
  if (dollars === null || dollars === undefined) return 'Price by agreement';
  return `$${dollars.replace(/\.00$/, '')} a month`;
}

export interface Difference {
  name: string;
  now: string;
  later: string;
  /** Less is allowed than now. */
  less: boolean;
}

const NUMBERS = [
  'workspaces',
  'workspace_members',
  'agents',
  'agent_minutes_per_month',
  'tasks_per_month',
  'concurrent_tasks',
  'api_calls_per_hour',
  'storage_gb',
] as const;

/** What another tier changes. Numbers of the tenant's own stay, whatever the tier. */
export function differences(
  now: Shape<'Limits'>,
  then: Shape<'Limits'>,
  own: ReadonlySet<string>,
): Difference[] {
  const [before, after] = [limitRows(now), limitRows(then)];
  return NUMBERS.flatMap((number, place) => {
    const [row, next] = [before[place], after[place]];
    if (!row || !next || own.has(number) || row[1] === next[1]) return [];
    const most = (limits: Shape<'Limits'>) => limits[number] ?? Number.POSITIVE_INFINITY;
    return [{ name: row[0], now: row[1], later: next[1], less: most(then) < most(now) }];
  });
}

export interface TenantLimit {
  name: string;
  most: string;
  /** A number of the tenant's own, in place of its tier's. */
  own: boolean;
  /** What the tier allows, where that is known. */
  ofTier?: string | undefined;
}

/** What a tenant may use, and what of it is its own. */
export function tenantLimits(
  tenant: Own & { limits: Shape<'Limits'> },
  tier?: Shape<'Limits'>,
): TenantLimit[] {
  const own = ownLimits(tenant);
  const ofTier = tier && limitRows(tier);
  return limitRows(tenant.limits).map(([name, most], place) => ({
    name,
    most,
    own: own.has(NUMBERS[place] ?? ''),
    ofTier: ofTier?.[place]?.[1],
  }));
}

interface Own {
  max_agents?: number | null;
  max_tasks_per_month?: number | null;
  storage_limit_gb?: number | null;
}

/** Which limits of a tenant are its own, in place of its tier's. */
export function ownLimits(tenant: Own): ReadonlySet<string> {
  const has = (value: number | null | undefined) => value !== null && value !== undefined;
  return new Set([
    ...(has(tenant.max_agents) ? ['agents'] : []),
    ...(has(tenant.max_tasks_per_month) ? ['tasks_per_month'] : []),
    ...(has(tenant.storage_limit_gb) ? ['storage_gb'] : []),
  ]);
}
