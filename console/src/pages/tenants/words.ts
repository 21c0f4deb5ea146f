// What tenants are filtered and sorted by, in the API's words. Used by the list, its search and its columns.
import type { TenantStatus, Tier } from '../../api/types';

export const STATUSES: TenantStatus[] = ['provisioning', 'active', 'suspended', 'deleted'];
export const TIERS: Tier[] = ['free', 'starter', 'pro', 'enterprise'];
/** What the server sorts by. */
export const SORTS = ['name', 'slug', 'schema_bytes', 'last_activity_at', 'created_at'] as const;

export interface TenantFilter {
  q?: string | undefined;
  status?: TenantStatus | undefined;
  plan_tier?: Tier | undefined;
  sort?: string | undefined;
}
