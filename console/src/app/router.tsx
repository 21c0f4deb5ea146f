// The tree of routes: public pages, the operators' part, a tenant's part. Pages are loaded when they are opened.
// To add a page: a route here, a line in `nav.ts`, a folder in `src/pages`. Used by the providers.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { runSearch, runsSearch } from '../pages/runs/search';
import { STEP_NAMES, type WizardStep } from '../pages/tenant-new/values';
import { ready } from '../session/session';
import { homeOf } from '../session/who';
import { oneOf, tableSearch } from '../ui/search';
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

/** Everything with navigation around it. */
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: ({ location }) => signedIn(location.href).then(() => undefined),
  component: lazyRouteComponent(() => import('./shell/Shell'), 'Shell'),
});

const choose = createRoute({
  getParentRoute: () => shell,
  path: '/choose',
  staticData: { crumb: 'Choose a workspace' },
  component: lazyRouteComponent(() => import('../pages/choose/ChoosePage'), 'ChoosePage'),
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

const tree = root.addChildren([
  signIn,
  shell.addChildren([
    choose,
    operator.addChildren([home, newTenant, runs.addChildren([runsList, run]), operators]),
    tenant.addChildren([tenantOverview]),
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
