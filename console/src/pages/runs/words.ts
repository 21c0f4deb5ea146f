// What kinds and steps of runs are called, and what each step does. Used by the runs pages, the wizard's review and Home.
import type { RunKind, RunStatus, StepName } from '../../api/types';

/** Kinds, in the order in which they are offered. */
export const KINDS: [RunKind, string][] = [
  ['create', 'Create'],
  ['adopt', 'Adopt'],
  ['import', 'Import'],
  ['suspend', 'Suspend'],
  ['resume', 'Resume'],
  ['delete', 'Delete'],
  ['restore', 'Restore'],
  ['purge', 'Purge'],
];

export const STATUSES: [RunStatus, string][] = [
  ['pending', 'Pending'],
  ['running', 'Running'],
  ['succeeded', 'Succeeded'],
  ['rolling_back', 'Rolling back'],
  ['rolled_back', 'Rolled back'],
  ['needs_attention', 'Needs attention'],
];

const KIND_WORDS = new Map(KINDS);

/** `Create acme`. */
export function runTitle(run: { kind: RunKind; tenant_slug: string }): string {
  return `${KIND_WORDS.get(run.kind) ?? run.kind} ${run.tenant_slug}`;
}

interface StepWords {
  title: string;
  does: string;
}

export const STEPS: Record<StepName, StepWords> = {
  reserve: { title: 'Hold the slug', does: 'The tenant is in the registry, and nobody else gets its slug.' },
  place: {
    title: 'Schema and roles',
    does: 'A schema of its own with a role of its own, from a warm slot where one is ready.',
  },
  migrate: { title: 'Tables', does: 'The schema is brought to the present version.' },
  isolate: { title: 'Isolation', does: 'Grants and row-level security on every table.' },
  seed: { title: 'First access', does: 'Default workspace, first API key, invitation of the owner.' },
  demo_data: {
    title: 'Demo data',
    does: 'A few agents, tasks and messages in the default workspace, each marked as a demo’s.',
  },
  extras: {
    title: 'Extras',
    does: 'What the installation adds beside PostgreSQL, where anything is configured.',
  },
  verify: { title: 'Verify', does: 'The fence is looked at: closed to all others.' },
  activate: { title: 'Activate', does: 'The tenant serves requests.' },
  inspect: { title: 'Inspect', does: 'The schema is looked at and compared.' },
  take_over: {
    title: 'Take over',
    does: 'The schema gets its opaque name, role and grants. No row is touched.',
  },
  load: { title: 'Load', does: 'The rows of the archive are loaded and counted.' },
  close: { title: 'Close', does: 'Requests are refused on every server.' },
  open: { title: 'Open', does: 'Requests are served again.' },
  sessions: { title: 'End sessions', does: 'psql sessions are ended, open connections cut.' },
  audit: { title: 'Keep the trail', does: 'The audit trail is moved to where it stays.' },
  drop: { title: 'Drop', does: 'Schema and roles are removed.' },
  forget: { title: 'Forget', does: 'Keys, invitations, workspaces and the row in the registry are removed.' },
  unknown: { title: 'Another version’s step', does: 'A step that another version of Tenantry does.' },
};

const CREATE_STEPS = [
  'reserve',
  'place',
  'migrate',
  'isolate',
  'seed',
  'extras',
  'verify',
  'activate',
] satisfies StepName[];

/** The steps that make a tenant, in order; with demo data in their place where it is asked for. */
export function createSteps(demoData: boolean): StepName[] {
  return CREATE_STEPS.flatMap((name) => (demoData && name === 'activate' ? ['demo_data', name] : [name]));
}
