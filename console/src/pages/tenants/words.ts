// What tenants are filtered and sorted by, in the API's words. Used by the list, its search and its columns.
import type { TenantStatus, Tier } from '../../api/types';

export const STATUSES: TenantStatus[] = ['provisioning', 'active', 'suspended', 'deleted'];
export const TIERS: Tier[] = ['free', 'starter', 'pro', 'enterprise'];
/** What the server sorts by. */
export const SORTS = ['name', 'slug', 'schema_bytes', 'last_activity_at', 'created_at'] as const;

/** What another tier does, whoever gets it. */
export const TIER_EFFECTS = [
  'The new limits hold at once, on every server.',
  'What is used stays used, and nothing is taken away. Where more is there than the new tier allows, no more comes in.',
  'Numbers of a tenant’s own stay in place of the tier’s.',
  'The audit trail names the tier before and after. Changing back takes it back.',
];

export interface TenantFilter {
  q?: string | undefined;
  status?: TenantStatus | undefined;
  plan_tier?: Tier | undefined;
  sort?: string | undefined;
}
