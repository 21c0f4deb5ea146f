// The tree of routes: public pages, the operators' part, a tenant's part. Pages are loaded when they are opened.
// To add a page: a route here, a line in `nav.ts`, a folder in `src/pages`. Used by the providers.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import type { Shape } from '../api/types';
import { auditSearch } from '../pages/audit/search';
import { runSearch, runsSearch } from '../pages/runs/search';
import { STEP_NAMES, type WizardStep } from '../pages/tenant-new/values';
import { type MakeSearch, makeSearch } from '../pages/tenant-side/useMake';
import { tenantsSearch } from '../pages/tenants/search';
import { ready } from '../session/session';
import { homeOf } from '../session/who';
import { flag, oneOf, type TableSearch, tableSearch, text, viewSearch } from '../ui/search';
import { Failure } from './Failure';
import { membersOnly, operatorsOnly, safePath, signedIn } from './guards';
import { NotFound } from './NotFound';

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Failure });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: Record<string, unknown>): { to?: string } => {
    const to = safePath(raw.to);
    return to ? { to } : {};
  },
  beforeLoad: async ({ search }) => {
    const now = await ready();
    if (now.status === 'in') throw redirect({ href: search.to ?? homeOf(now.who) });
  },
  component: lazyRouteComponent(() => import('../pages/sign-in/SignInPage'), 'SignInPage'),
});

/** Behind links of mails, and beside the sign-in: for whoever comes, signed in or not. */
const whoever = { getParentRoute: () => root, beforeLoad: () => ready().then(() => undefined) };

const acceptInvitation = createRoute({
  ...whoever,
  path: '/accept-invitation',
  component: lazyRouteComponent(() => import('../pages/links/AcceptPage'), 'AcceptPage'),
});

const resetPassword = createRoute({
  ...whoever,
  path: '/reset-password',
  component: lazyRouteComponent(() => import('../pages/links/ResetPage'), 'ResetPage'),
});

const verifyEmail = createRoute({
  ...whoever,
  path: '/verify-email',
  component: lazyRouteComponent(() => import('../pages/links/VerifyPage'), 'VerifyPage'),
});

const join = createRoute({
  ...whoever,
  path: '/join',
  validateSearch: (raw: Record<string, unknown>): { tenant?: string | undefined } => ({
    tenant: text(raw.tenant, 63),
  }),
  component: lazyRouteComponent(() => import('../pages/links/JoinPage'), 'JoinPage'),
});

/** Everything with navigation around it. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: ({ location, cause }) => signedIn(location.href, cause === 'stay').then(() => undefined),
  component: lazyRouteComponent(() => import('./shell/Shell'), 'Shell'),
});

const choose = createRoute({
  getParentRoute: () => shell,
  path: '/choose',
  staticData: { crumb: 'Choose a workspace' },
  component: lazyRouteComponent(() => import('../pages/choose/ChoosePage'), 'ChoosePage'),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  staticData: { crumb: 'Account' },
  component: lazyRouteComponent(() => import('../pages/account/AccountPage'), 'AccountPage'),
});

const operator = createRoute({
  getParentRoute: () => shell,
  id: 'operator',
  beforeLoad: ({ location }) => operatorsOnly(location.href),
});

const home = createRoute({
  getParentRoute: () => operator,
  path: '/',
  staticData: { crumb: 'Home' },
  component: lazyRouteComponent(() => import('../pages/home/HomePage'), 'HomePage'),
});

const newTenant = createRoute({
  getParentRoute: () => operator,
  path: '/tenants/new',
  validateSearch: (raw: Record<string, unknown>): { step?: WizardStep } => {
    const step = oneOf(raw.step, STEP_NAMES);
    return step ? { step } : {};
  },
  staticData: { crumb: 'New tenant' },
  component: lazyRouteComponent(() => import('../pages/tenant-new/NewTenantPage'), 'NewTenantPage'),
});

/** The parent of the list and of a run, so that the breadcrumbs lead back. */
const runs = createRoute({
  getParentRoute: () => operator,
  path: '/runs',
  staticData: { crumb: 'Runs' },
});

const runsList = createRoute({
  getParentRoute: () => runs,
  path: '/',
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import('../pages/runs/RunsPage'), 'RunsPage'),
});

const run = createRoute({
  getParentRoute: () => runs,
  path: '$run',
  validateSearch: runSearch,
  staticData: { crumb: (params) => params.run ?? '' },
  component: lazyRouteComponent(() => import('../pages/runs/RunPage'), 'RunPage'),
});

const operators = createRoute({
  getParentRoute: () => operator,
  path: '/operators',
  validateSearch: (raw: Record<string, unknown>) => tableSearch(raw),
  staticData: { crumb: 'Operators' },
  component: lazyRouteComponent(() => import('../pages/operators/OperatorsPage'), 'OperatorsPage'),
});

/** Tenants, as operators see them. */
const tenants = createRoute({
  getParentRoute: () => operator,
  path: '/tenants',
  staticData: { crumb: 'Tenants' },
});

const tenantList = createRoute({
  getParentRoute: () => tenants,
  path: '/',
  validateSearch: tenantsSearch,
  component: lazyRouteComponent(() => import('../pages/tenants/TenantsPage'), 'TenantsPage'),
});

const tenantPage = createRoute({
  getParentRoute: () => tenants,
  path: '$slug',
  validateSearch: viewSearch(['overview', 'runs', 'isolation', 'access', 'settings']),
  staticData: { crumb: (params) => params.slug ?? '' },
  component: lazyRouteComponent(() => import('../pages/tenant/TenantPage'), 'TenantPage'),
});

const isolation = createRoute({
  getParentRoute: () => operator,
  path: '/isolation',
  staticData: { crumb: 'Isolation' },
});

const isolationHome = createRoute({
  getParentRoute: () => isolation,
  path: '/',
  validateSearch: viewSearch(['reports', 'refusals']),
  component: lazyRouteComponent(() => import('../pages/isolation/IsolationPage'), 'IsolationPage'),
});

const isolationReport = createRoute({
  getParentRoute: () => isolation,
  path: '$id',
  staticData: { crumb: 'Report' },
  component: lazyRouteComponent(() => import('../pages/isolation/ReportPage'), 'ReportPage'),
});

/** Paper has no navigation around it. */
const isolationPrint = createRoute({
  getParentRoute: () => root,
  path: '/isolation/$id/print',
  beforeLoad: ({ location }) => operatorsOnly(location.href),
  component: lazyRouteComponent(() => import('../pages/isolation/PrintPage'), 'PrintPage'),
});

const audit = createRoute({
  getParentRoute: () => operator,
  path: '/audit',
  validateSearch: auditSearch,
  staticData: { crumb: 'Audit' },
  component: lazyRouteComponent(() => import('../pages/audit/AuditPage'), 'AuditPage'),
});

/** A tenant's own part: its slug is in the path, so that a link says where it leads. */
const tenant = createRoute({
  getParentRoute: () => shell,
  path: '/t/$tenant',
  beforeLoad: ({ location, params }) => membersOnly(location.href, params.tenant),
  staticData: { crumb: (params) => params.tenant ?? '' },
});

const tenantOverview = createRoute({
  getParentRoute: () => tenant,
  path: '/',
  staticData: { crumb: 'Overview' },
  component: lazyRouteComponent(
    () => import('../pages/tenant-overview/TenantOverviewPage'),
    'TenantOverviewPage',
  ),
});

/** Of lists with a dialog that makes something. */
type MakingSearch = TableSearch & MakeSearch;
const makingSearch = (raw: Record<string, unknown>): MakingSearch => ({
  ...tableSearch(raw),
  ...makeSearch(raw),
});
type AgentStatus = Shape<'AgentStatus'>;
const AGENT_STATUSES: AgentStatus[] = ['idle', 'working', 'blocked', 'offline'];

const workspaces = createRoute({
  getParentRoute: () => tenant,
  path: '/workspaces',
  validateSearch: (raw: Record<string, unknown>): MakingSearch & { archived?: boolean | undefined } => ({
    ...tableSearch(raw),
    ...makeSearch(raw),
    archived: flag(raw.archived),
  }),
  staticData: { crumb: 'Workspaces' },
  component: lazyRouteComponent(() => import('../pages/workspaces/WorkspacesPage'), 'WorkspacesPage'),
});

const members = createRoute({
  getParentRoute: () => tenant,
  path: '/members',
  validateSearch: makingSearch,
  staticData: { crumb: 'Members' },
  component: lazyRouteComponent(() => import('../pages/members/MembersPage'), 'MembersPage'),
});

const invitations = createRoute({
  getParentRoute: () => tenant,
  path: '/members/invitations',
  validateSearch: makingSearch,
  staticData: { crumb: 'Invitations' },
  component: lazyRouteComponent(() => import('../pages/members/InvitationsPage'), 'InvitationsPage'),
});

const apiKeys = createRoute({
  getParentRoute: () => tenant,
  path: '/api-keys',
  validateSearch: makingSearch,
  staticData: { crumb: 'API keys' },
  component: lazyRouteComponent(() => import('../pages/api-keys/ApiKeysPage'), 'ApiKeysPage'),
});

const agents = createRoute({
  getParentRoute: () => tenant,
  path: '/agents',
  validateSearch: (raw: Record<string, unknown>): MakingSearch & { status?: AgentStatus | undefined } => ({
    ...tableSearch(raw),
    ...makeSearch(raw),
    status: oneOf(raw.status, AGENT_STATUSES),
  }),
  staticData: { crumb: 'Agents' },
  component: lazyRouteComponent(() => import('../pages/agents/AgentsPage'), 'AgentsPage'),
});

const tenantAudit = createRoute({
  getParentRoute: () => tenant,
  path: '/audit',
  validateSearch: auditSearch,
  staticData: { crumb: 'Audit' },
  component: lazyRouteComponent(() => import('../pages/audit/AuditPage'), 'AuditPage'),
});

const tree = root.addChildren([
  signIn,
  acceptInvitation,
  resetPassword,
  verifyEmail,
  join,
  isolationPrint,
  shell.addChildren([
    choose,
    account,
    operator.addChildren([
      home,
      newTenant,
      runs.addChildren([runsList, run]),
      tenants.addChildren([tenantList, tenantPage]),
      isolation.addChildren([isolationHome, isolationReport]),
      audit,
      operators,
    ]),
    tenant.addChildren([tenantOverview, tenantAudit, workspaces, members, invitations, apiKeys, agents]),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: Failure,
  defaultNotFoundComponent: NotFound,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** What the path's part is called in the breadcrumbs. */
    crumb?: string | ((params: Record<string, string>) => string);
  }
}
