// Scopes of API keys, as the policy names them, in the order of the form. A test compares them with docs/security/authz-matrix.md.
// Used by the form that makes a key.
import type { Role } from '../../api/types';
import { ROLES } from '../tenant-side/roles';

export interface Scope {
  name: string;
  /** What it lets a key do. */
  means: string;
  /** The least role of a key that may do it. */
  least: Role;
}

export const SCOPES: Scope[] = [
  { name: 'agents:read', means: 'see agents', least: 'viewer' },
  { name: 'agents:write', means: 'make, change and delete agents', least: 'member' },
  { name: 'audit:read', means: 'read the audit trail', least: 'admin' },
  { name: 'limits:read', means: 'see limits', least: 'viewer' },
  { name: 'members:read', means: 'see members', least: 'viewer' },
  { name: 'upstream:use', means: 'pass a proxy to what is behind it', least: 'viewer' },
  { name: 'workspaces:read', means: 'see workspaces', least: 'viewer' },
];

/** A scope widens nothing: whether a key of this role can use it. */
export function isOf(role: Role, scope: Scope): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(scope.least);
}
