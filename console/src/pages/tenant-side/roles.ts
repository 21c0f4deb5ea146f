// Roles of members, as people meet them: what each may do, and who may give which. Used by members, invitations, API keys.
import type { Role } from '../../api/types';
import { sentence } from '../../ui/format';

export const ROLES: readonly Role[] = ['viewer', 'member', 'admin', 'owner'];

export const MEANS: Record<Role, string> = {
  viewer: 'sees the workspace',
  member: 'also works with agents',
  admin: 'also manages members and API keys',
  owner: 'also manages workspaces',
};

/** Nobody gives or takes a role above their own, and only admins and owners give any. */
export function rolesToGive(own: Role): Role[] {
  if (own !== 'admin' && own !== 'owner') return [];
  return ROLES.slice(0, ROLES.indexOf(own) + 1);
}

/** For a select. */
export function roleOptions(roles: readonly Role[]): [Role, string][] {
  return roles.map((role) => [role, `${sentence(role)}: ${MEANS[role]}`]);
}
