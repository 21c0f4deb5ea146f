// Which tenants a bulk change can take, and why not the others. Pure; used by `BulkDialog`.
import type { Tenant, Tier } from '../../api/types';
import { sentence } from '../../ui/format';
import type { BulkKind } from './api';

type Judged = Pick<Tenant, 'status' | 'plan_tier'>;

/** Why it is left out; nothing where it fits. `tier` is the new one, where the change is of the tier. */
export function whyNot(kind: BulkKind, { status, plan_tier }: Judged, tier: Tier): string | undefined {
  if (status === 'provisioning') return 'Still being made';
  if (status === 'deleted') return 'Deleted: restore it first';
  if (kind === 'suspend') return status === 'suspended' ? 'Suspended already' : undefined;
  if (kind === 'resume') return status === 'active' ? 'Active already' : undefined;
  return plan_tier === tier ? `${sentence(tier)} already` : undefined;
}
