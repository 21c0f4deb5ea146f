// What needs somebody, the gravest first, each with what mends it. Pure; used by Home.
import type { Shape } from '../../api/types';
import { counted, duration, sentence, words } from '../../ui/format';

type Overview = Shape<'Overview'>;
type Check = Shape<'Check'>;

export interface Matter {
  id: string;
  /** Of the doctor's words: `failing` is before `warn`. */
  status: 'failing' | 'warn';
  title: string;
  /** Why it matters, or what to do. */
  detail?: string;
  /** A page where it is mended. */
  page?: { label: string; path: string; search?: Record<string, string | boolean> };
  /** A command that mends it, or shows more. */
  command?: string;
}

const DAY = 86_400;

function ofRuns({ runs }: Overview): (Matter | false)[] {
  return [
    runs.needs_attention > 0 && {
      id: 'needs_attention',
      status: 'failing',
      title: `${counted(runs.needs_attention, 'run needs', 'runs need')} a person`,
      detail: 'A step failed, and so did its undo. Mend the cause, then roll back.',
      page: { label: 'Open', path: '/runs', search: { status: 'needs_attention' } },
    },
    runs.stuck > 0 && {
      id: 'stuck_runs',
      status: 'failing',
      title: `${counted(runs.stuck, 'run is', 'runs are')} not at the end after two minutes`,
      detail: 'See that a worker runs.',
      page: { label: 'Open', path: '/runs', search: { status: 'running' } },
      command: 'tenantry worker',
    },
    runs.rolled_back_24h > 0 && {
      id: 'rolled_back',
      status: 'warn',
      title: `${counted(runs.rolled_back_24h, 'run')} of the last 24 h failed or was taken back`,
      detail: 'Nothing is left of them. Look at the step that failed, then retry.',
      page: { label: 'Look and retry', path: '/runs', search: { failed: true } },
    },
  ];
}

function ofWork(overview: Overview): (Matter | false)[] {
  return [
    overview.lost_leases > 0 && {
      id: 'lost_leases',
      status: 'warn',
      title: counted(overview.lost_leases, 'lost lease'),
      detail:
        'Whoever held the work was not heard of before the lease ended. A worker takes it again; see that one runs.',
      command: 'tenantry worker',
    },
  ];
}

function ofIsolation({ isolation, cross_tenant }: Overview): (Matter | false)[] {
  const { newest, at_work } = isolation;
  const page = { label: at_work ? 'Watch the proof' : 'Prove isolation', path: '/isolation' };
  return [
    cross_tenant.behind > 0 && {
      id: 'behind',
      status: 'failing',
      title: `${counted(cross_tenant.behind, 'statement')} reached for another tenant behind the middleware`,
      detail: 'PostgreSQL refused. It must be 0: treat it as an incident.',
      page: { label: 'Open isolation', path: '/isolation' },
    },
    !newest && {
      id: 'isolation',
      status: 'warn',
      title: at_work ? 'Isolation is being proved for the first time' : 'Isolation was never proved here',
      detail: 'A proof tries what must be refused from every tenant, and shows the evidence.',
      page,
    },
    newest?.status === 'failed' && {
      id: 'isolation',
      status: 'failing',
      title: `The last proof of isolation found ${counted(newest.open, 'thing')} open`,
      detail: 'Its evidence names each.',
      page: { label: 'Read the evidence', path: `/isolation/${newest.id}` },
    },
    newest?.status === 'passed' &&
      newest.age_seconds > DAY && {
        id: 'isolation',
        status: 'warn',
        title: `The last proof of isolation is ${duration(newest.age_seconds * 1000)} old`,
        detail: 'What changed since then is not covered.',
        page,
      },
  ];
}

/** Checks that the overview tells better. */
const TOLD = new Set(['stuck_runs', 'runs_for_a_person']);

/** Checks whose names are names, not words. */
const NAMES: Record<string, string> = { postgresql_version: 'PostgreSQL', createrole: 'CREATEROLE' };

function ofDoctor(checks: Check[]): Matter[] {
  return checks
    .filter((check) => check.status !== 'ok' && !TOLD.has(check.name))
    .map((check) => ({
      id: `doctor.${check.name}`,
      status: check.status === 'failing' ? 'failing' : 'warn',
      title: `${NAMES[check.name] ?? sentence(words(check.name))}: ${check.detail ?? check.status}`,
      ...(check.advice ? { detail: check.advice } : {}),
    }));
}

/** All matters. What was not read yet, or could not be, says nothing. */
export function attention(overview: Overview | undefined, checks: Check[] | undefined): Matter[] {
  const matters = overview ? [...ofRuns(overview), ...ofIsolation(overview), ...ofWork(overview)] : [];
  const all = [...matters.filter((matter) => matter !== false), ...ofDoctor(checks ?? [])];
  return [...all.filter((one) => one.status === 'failing'), ...all.filter((one) => one.status === 'warn')];
}
