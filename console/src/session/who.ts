// Who is signed in, and what they may do: the table of docs/security/authz-matrix.md, operators and members only.
// A hint for what to show: the server decides with every request. Used by the shell, guards and pages.
import type { Membership, OperatorRole, Role, Tier } from '../api/types';

interface Person {
  id?: string;
  email?: string;
  name?: string;
  /** Where they may go. */
  memberships: Membership[];
  /** Whether they may also work as an operator. */
  operatorToo: boolean;
}

/** A user of the platform itself, in no tenant. */
export interface OperatorWho extends Person {
  kind: 'operator';
  role: OperatorRole;
  /** `token`: the operator token of the configuration, which is nobody in person. */
  by: 'cookie' | 'token';
}

/** A person in a workspace of a tenant. */
export interface MemberWho extends Person {
  kind: 'member';
  role: Role;
  tenant: string;
  tenantId: string;
  tenantName: string;
  tier: Tier;
  workspace: string;
  workspaceId: string;
}

/** A person who signed in and has not chosen where to work, or is member of nothing. */
export interface UserWho extends Person {
  kind: 'user';
}

export type Who = OperatorWho | MemberWho | UserWho;

const OPERATORS: OperatorRole[] = ['auditor', 'support', 'admin'];
const MEMBERS: Role[] = ['viewer', 'member', 'admin', 'owner'];

interface Least {
  operator?: OperatorRole;
  member?: Role;
}

/** The least role for each action. */
const POLICY = {
  ReadTenants: { operator: 'auditor' },
  CreateTenant: { operator: 'admin' },
  SuspendTenant: { operator: 'support' },
  ChangeTenant: { operator: 'admin' },
  ReadRuns: { operator: 'auditor' },
  CreateApiKey: { operator: 'admin' },
  InviteOwner: { operator: 'admin' },
  OpenPsql: { operator: 'admin' },
  ExportTenant: { operator: 'admin' },
  ImportTenant: { operator: 'admin' },
  ReadDoctor: { operator: 'auditor' },
  ReadIsolation: { operator: 'auditor' },
  ProveIsolation: { operator: 'support' },
  ReadOperators: { operator: 'auditor' },
  WriteOperators: { operator: 'admin' },
  OpenAccessGrant: { operator: 'support' },
  ReadAccessGrants: { operator: 'auditor', member: 'owner' },
  EndAccessGrant: { operator: 'support', member: 'owner' },
  ManageUserData: { operator: 'admin' },
  ReadAudit: { operator: 'auditor', member: 'admin' },
  ManageSelf: { operator: 'auditor', member: 'viewer' },
  ReadLimits: { member: 'viewer' },
  ReadWorkspaces: { member: 'viewer' },
  WriteWorkspaces: { member: 'owner' },
  ReadMembers: { member: 'viewer' },
  WriteMembers: { member: 'admin' },
  LeaveWorkspace: { member: 'viewer' },
  ReadInvitations: { member: 'admin' },
  WriteInvitations: { member: 'admin' },
  ReadApiKeys: { member: 'admin' },
  WriteApiKeys: { member: 'admin' },
  ReadAgents: { member: 'viewer' },
  WriteAgents: { member: 'member' },
} satisfies Record<string, Least>;

export type Action = keyof typeof POLICY;

/** Whether this may be offered to whoever is signed in. */
export function may(who: Who, action: Action): boolean {
  const least: Least = POLICY[action];
  // The operator token is nobody in person: it has no account to manage.
  if (who.kind === 'operator' && who.by === 'token' && action === 'ManageSelf') return false;
  if (who.kind === 'operator')
    return least.operator !== undefined && OPERATORS.indexOf(who.role) >= OPERATORS.indexOf(least.operator);
  if (who.kind === 'member')
    return least.member !== undefined && MEMBERS.indexOf(who.role) >= MEMBERS.indexOf(least.member);
  return action === 'ManageSelf';
}

/** What to call them. */
export function nameOf(who: Who): string {
  return who.name || who.email || (who.kind === 'operator' ? 'Operator token' : 'You');
}

/** Where they begin. */
export function homeOf(who: Who): string {
  if (who.kind === 'member') return `/t/${who.tenant}`;
  return who.kind === 'operator' ? '/' : '/choose';
}
