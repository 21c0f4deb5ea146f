// Fifty tenants of many, answered by the measurement itself, so that only the page is measured. Used by `console.spec.ts`.
import type { Page, Route } from '@playwright/test';
import type { ListPage, Tenant } from '../src/api/types';

const STATUSES = ['active', 'active', 'active', 'suspended', 'deleted'] as const;
const TIERS = ['starter', 'professional', 'enterprise'] as const;

function tenant(number: number): Tenant {
  const slug = `tenant-${number}`;
  const at = new Date(Date.now() - number * 7_000_000).toISOString();
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    slug,
    name: `Tenant ${number.toLocaleString('en')} of a name of some length`,
    status: STATUSES[number % STATUSES.length] ?? 'active',
    plan_tier: TIERS[number % TIERS.length] ?? 'starter',
    admin_email: `owner@${slug}.example`,
    allowed_domains: [],
    schema_bytes: 300_000 + number * 12_345,
    last_activity_at: at,
    sampled_at: at,
    created_at: at,
    updated_at: at,
  } as unknown as Tenant;
}

/** Holds each answer for the list until it is given. */
export async function tenantsOf(page: Page) {
  const waiting: Route[] = [];
  let told: (() => void) | undefined;
  await page.route(/\/v1\/tenants(\?|$)/, (route) => {
    waiting.push(route);
    told?.();
  });
  return {
    asked: () => (waiting.length > 0 ? Promise.resolve() : new Promise<void>((done) => (told = done))),
    give: () => {
      for (const route of waiting.splice(0)) {
        const sorted = new URL(route.request().url()).searchParams.has('sort');
        const items = Array.from({ length: 50 }, (_, place) => tenant(sorted ? 5_000 - place : place + 1));
        const body: ListPage<Tenant> = { items, next_cursor: 'more' };
        void route.fulfill({ json: body });
      }
    },
  };
}
