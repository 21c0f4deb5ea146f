// What the tenants list keeps in the URL. Used by its route.
import { oneOf, type TableSearch, tableSearch, text } from '../../ui/search';
import { SORTS, STATUSES, type TenantFilter, TIERS } from './words';

type Raw = Record<string, unknown>;

export function tenantsSearch(raw: Raw): TableSearch & TenantFilter {
  return {
    ...tableSearch(raw, SORTS),
    q: text(raw.q),
    status: oneOf(raw.status, STATUSES),
    plan_tier: oneOf(raw.plan_tier, TIERS),
  };
}
