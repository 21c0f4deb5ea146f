// What the newest proof of all tenants says of one of them. Pure; used by `IsolationTab`.
import type { Shape, Tenant } from '../../api/types';

type Made = Pick<Tenant, 'created_at'>;
type Newest = Pick<Shape<'NewestReport'>, 'finished_at'>;

/** It tells of those that were there when it was made. */
export function isOlder(newest: Newest, tenant: Made): boolean {
  return Date.parse(newest.finished_at) < Date.parse(tenant.created_at);
}

/** For a tenant that was never proved alone. */
export function aboutAll(tenant: Made, newest: Newest | null | undefined): string {
  if (!newest) return 'There is no report about it, and none of all tenants.';
  return isOlder(newest, tenant)
    ? 'The newest proof of all tenants is older than it, and says nothing of it.'
    : 'The newest proof of all tenants is below.';
}
