// The one form over all steps of the wizard: its values, which step has which field, and what is sent. Pure; used by the wizard.
import { asProblem, fieldOf, type Problem } from '../../api/problem';
import type { Tier } from '../../api/types';
import type { NewTenant } from '../runs/made';

export interface Values {
  name: string;
  slug: string;
  plan_tier: Tier;
  admin_email: string;
  /** As they were typed: with commas, spaces or lines between them. */
  allowed_domains: string;
  /** Numbers of its own, as they were typed; empty is the tier's. */
  max_agents: string;
  max_tasks_per_month: string;
  storage_limit_gb: string;
  /** Empty is the newest. */
  schema_version: string;
  demo_data: boolean;
}

/** Those fields, in the order of the form. */
export const OWN = ['max_agents', 'max_tasks_per_month', 'storage_limit_gb'] as const;

/** What the columns hold. */
export const MOST = 2_147_483_647;

export const EMPTY: Values = {
  name: '',
  slug: '',
  plan_tier: 'free',
  admin_email: '',
  allowed_domains: '',
  max_agents: '',
  max_tasks_per_month: '',
  storage_limit_gb: '',
  schema_version: '',
  demo_data: false,
};

export const STEP_NAMES = ['identity', 'plan', 'options', 'review'] as const;
export type WizardStep = (typeof STEP_NAMES)[number];

export const FIELDS_OF: Record<WizardStep, (keyof Values)[]> = {
  identity: ['name', 'slug'],
  plan: ['plan_tier'],
  options: ['admin_email', 'allowed_domains', ...OWN, 'schema_version', 'demo_data'],
  review: [],
};

/** Whether leaving would lose anything. */
export function hasInput(values: Values): boolean {
  const typed = [values.name, values.slug, values.admin_email, values.allowed_domains];
  return [...typed, ...OWN.map((name) => values[name])].some((text) => text.trim() !== '');
}

export function domainsOf(typed: string): string[] {
  return [...new Set(typed.split(/[\s,;]+/).filter(Boolean))];
}

/** What is sent. The same values give the same bytes: a retry has to. */
export function bodyOf(values: Values): NewTenant {
  const domains = domainsOf(values.allowed_domains);
  return {
    slug: values.slug.trim(),
    name: values.name.trim(),
    admin_email: values.admin_email.trim(),
    plan_tier: values.plan_tier,
    ...(domains.length > 0 ? { allowed_domains: domains } : {}),
    ...Object.fromEntries(
      OWN.filter((name) => values[name].trim() !== '').map((name) => [name, Number(values[name])]),
    ),
    ...(values.schema_version === '' ? {} : { schema_version: values.schema_version }),
    ...(values.demo_data ? { demo_data: true } : {}),
  };
}

/** The first step whose fields are plainly not filled in; review where all are. */
export function furthestStep(values: Values): WizardStep {
  if (values.name.trim() === '' || values.slug.trim() === '') return 'identity';
  if (values.admin_email.trim() === '') return 'options';
  return 'review';
}

export interface Refusal {
  /** Errors at fields, in the order of the steps. */
  fields: { name: keyof Values; step: WizardStep; message: string }[];
  /** What belongs to no field. */
  problem: Problem | null;
}

const ALL = STEP_NAMES.flatMap((step) => FIELDS_OF[step].map((name) => ({ name, step })));

/** A refusal of the server as errors of fields: `/allowed_domains/1` is the field `allowed_domains`. */
export function refusalOf(thrown: unknown, sent: NewTenant): Refusal {
  const problem = asProblem(thrown);
  if (problem.code === 'slug_taken')
    return { fields: [{ name: 'slug', step: 'identity', message: problem.detail }], problem: null };
  const fields = ALL.flatMap(({ name, step }) => {
    const told = problem.errors.filter((error) => fieldOf(error.pointer).split('.')[0] === name);
    if (told.length === 0) return [];
    return [{ name, step, message: told.map((error) => about(error.pointer, error.detail, sent)).join(' ') }];
  });
  const known = new Set<string>(fields.map(({ name }) => name));
  const homeless = problem.errors.filter((error) => !known.has(fieldOf(error.pointer).split('.')[0] ?? ''));
  if (fields.length > 0 && homeless.length === 0) return { fields, problem: null };
  return { fields, problem };
}

/** Of a list, which one: `a b: must be a domain`. */
function about(pointer: string, detail: string, sent: NewTenant): string {
  const [field, index] = fieldOf(pointer).split('.');
  const which = field === 'allowed_domains' && index ? sent.allowed_domains?.[Number(index)] : undefined;
  const text = which ? `${which}: ${detail}` : `${detail.charAt(0).toUpperCase()}${detail.slice(1)}`;
  return text.endsWith('.') ? text : `${text}.`;
}
