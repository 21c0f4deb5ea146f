// The one table of where one can go: side navigation and command palette are drawn from it. A page is added by adding a line.
import {
  Bot,
  Boxes,
  Building2,
  CirclePlus,
  CircleUser,
  DoorOpen,
  House,
  KeyRound,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  ScrollText,
  ShieldCheck,
  UserCog,
  Users,
} from 'lucide-react';
import { type Action, may, type Who } from '../session/who';

export interface NavLine {
  label: string;
  /** The path; `$tenant` becomes the tenant of this tab. */
  path: string;
  icon: LucideIcon;
  /** Shown to whoever may do this; to everybody where absent. */
  needs?: Action;
  /** More words that find it in the palette. */
  also?: string;
}

export interface NavGroup {
  label: string;
  lines: NavLine[];
}

const ACCOUNT: NavLine = {
  label: 'Account',
  path: '/account',
  icon: CircleUser,
  needs: 'ManageSelf',
  also: 'profile password sessions data leave erase',
};

/** For operators. */
const OPERATOR: NavGroup[] = [
  {
    label: 'Platform',
    lines: [
      { label: 'Home', path: '/', icon: House, needs: 'ReadDoctor', also: 'overview attention fleet' },
      {
        label: 'New tenant',
        path: '/tenants/new',
        icon: CirclePlus,
        needs: 'CreateTenant',
        also: 'make create provision wizard',
      },
      {
        label: 'Runs',
        path: '/runs',
        icon: ListChecks,
        needs: 'ReadRuns',
        also: 'provisioning failed retry rollback',
      },
      {
        label: 'Tenants',
        path: '/tenants',
        icon: Building2,
        needs: 'ReadTenants',
        also: 'customers organisations',
      },
      {
        label: 'Isolation',
        path: '/isolation',
        icon: ShieldCheck,
        needs: 'ReadIsolation',
        also: 'proof reports refusals cross-tenant',
      },
      {
        label: 'Audit',
        path: '/audit',
        icon: ScrollText,
        needs: 'ReadAudit',
        also: 'trail events chain history export',
      },
      {
        label: 'Operators',
        path: '/operators',
        icon: UserCog,
        needs: 'ReadOperators',
        also: 'people roles unlock',
      },
    ],
  },
  { label: 'You', lines: [ACCOUNT] },
];

/** For members of a tenant. */
const MEMBER: NavGroup[] = [
  {
    label: 'Tenant',
    lines: [
      { label: 'Overview', path: '/t/$tenant', icon: LayoutDashboard, also: 'limits tier' },
      {
        label: 'Workspaces',
        path: '/t/$tenant/workspaces',
        icon: Boxes,
        needs: 'ReadWorkspaces',
        also: 'archive default',
      },
      {
        label: 'Audit',
        path: '/t/$tenant/audit',
        icon: ScrollText,
        needs: 'ReadAudit',
        also: 'trail events history export',
      },
    ],
  },
  {
    label: 'Workspace',
    lines: [
      {
        label: 'Members',
        path: '/t/$tenant/members',
        icon: Users,
        needs: 'ReadMembers',
        also: 'people invitations invite roles leave',
      },
      {
        label: 'API keys',
        path: '/t/$tenant/api-keys',
        icon: KeyRound,
        needs: 'ReadApiKeys',
        also: 'secrets tokens scopes',
      },
      { label: 'Agents', path: '/t/$tenant/agents', icon: Bot, needs: 'ReadAgents', also: 'workers' },
    ],
  },
  { label: 'You', lines: [ACCOUNT] },
];

const USER: NavGroup[] = [
  { label: 'You', lines: [{ label: 'Choose a workspace', path: '/choose', icon: DoorOpen }, ACCOUNT] },
];

/** What whoever is signed in may open, with paths that lead there. */
export function navFor(who: Who): NavGroup[] {
  const groups = who.kind === 'operator' ? OPERATOR : who.kind === 'member' ? MEMBER : USER;
  return groups
    .map((group) => ({
      ...group,
      lines: group.lines
        .filter((line) => !line.needs || may(who, line.needs))
        .map((line) => ({ ...line, path: pathFor(line.path, who) })),
    }))
    .filter((group) => group.lines.length > 0);
}

function pathFor(path: string, who: Who): string {
  return who.kind === 'member' ? path.replace('$tenant', who.tenant) : path;
}

/** Whether this line leads to the page that is open, or to one above it. */
export function isHere(line: NavLine, pathname: string): boolean {
  const isRoot = line.path === '/' || /^\/t\/[^/]+$/.test(line.path);
  return (
    pathname.replace(/\/$/, '') === line.path.replace(/\/$/, '') ||
    (!isRoot && pathname.startsWith(`${line.path}/`))
  );
}
