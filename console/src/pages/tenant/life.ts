// What can be done with a tenant's life, by whom, when, what happens then, and what takes it back (docs/guides/tenant-life.md).
// Pure; used by `LifeMenu` and `LifeDialog`.
import type { Run, TenantStatus } from '../../api/types';
import { may, type Who } from '../../session/who';

export type LifeKind = 'suspend' | 'resume' | 'delete' | 'restore' | 'purge' | 'rollback';

interface LifeText {
  /** On the menu and the button. */
  verb: string;
  /** What is said when it was begun. */
  begun: string;
  effects: string[];
  /** Whether the slug has to be typed. */
  typed: boolean;
  danger: boolean;
  /** Whether the API takes a reason for the audit trail. */
  reason: boolean;
}

export const LIFE: Record<LifeKind, LifeText> = {
  suspend: {
    verb: 'Suspend',
    begun: 'is suspended',
    effects: [
      'Requests are refused at once, on every server.',
      'Open psql sessions and connections are ended.',
      'Nothing is removed. Resume takes it back at any time.',
    ],
    typed: true,
    danger: true,
    reason: true,
  },
  resume: {
    verb: 'Resume',
    begun: 'serves requests again',
    effects: ['Its fence is looked at, then requests are served again.', 'Suspend takes it back.'],
    typed: false,
    danger: false,
    reason: true,
  },
  delete: {
    verb: 'Delete',
    begun: 'is deleted',
    effects: [
      'Requests are refused at once, on every server, and psql sessions are ended.',
      'The data is kept until the retention is over, 30 days unless configured otherwise. The answer says until when.',
      'Until then Restore brings it back as it was. After that it is purged, and nothing brings it back.',
      'Its slug stays taken until the purge.',
    ],
    typed: true,
    danger: true,
    reason: false,
  },
  restore: {
    verb: 'Restore',
    begun: 'is restored',
    effects: [
      'Its fence is looked at, then requests are served again.',
      'A tenant that was suspended before its deletion stays suspended.',
    ],
    typed: false,
    danger: false,
    reason: true,
  },
  purge: {
    verb: 'Purge',
    begun: 'is being purged',
    effects: [
      'Schema, every row, roles, API keys, invitations and workspaces are removed.',
      'Nothing takes this back. What is left are its runs, its audit trail, and copies made elsewhere.',
      'The slug can be used again afterwards.',
    ],
    typed: true,
    danger: true,
    reason: false,
  },
  rollback: {
    verb: 'Roll back',
    begun: 'is being rolled back',
    effects: [
      'Its latest run is undone, step by step. Of a run that made the tenant, everything it made is removed.',
      'Rows written since then are gone with it.',
      'Trying the run again makes an empty tenant; the data does not come back.',
    ],
    typed: true,
    danger: true,
    reason: false,
  },
};

const MAKES = ['create', 'adopt', 'import'];
const DAY = 86_400_000;

/** A run that made a tenant can be rolled back while it is open and for a day after its end; one that needs attention at any time. */
export function canRollBack(run: Run | undefined, now: number): boolean {
  if (!run || run.status === 'rolled_back' || run.status === 'rolling_back') return false;
  if (run.status === 'needs_attention') return true;
  if (!MAKES.includes(run.kind)) return false;
  return !run.finished_at || now - Date.parse(run.finished_at) < DAY;
}

/** What the tenant's state allows and the operator's role lets them do, the gravest last. */
export function lifeKinds(who: Who, status: TenantStatus, run: Run | undefined, now: number): LifeKind[] {
  const kinds: LifeKind[] = [];
  const change = may(who, 'ChangeTenant');
  if (may(who, 'SuspendTenant')) {
    if (status === 'active') kinds.push('suspend');
    if (status === 'suspended') kinds.push('resume');
  }
  if (change && status === 'deleted') kinds.push('restore');
  if (change && canRollBack(run, now)) kinds.push('rollback');
  if (change && (status === 'active' || status === 'suspended')) kinds.push('delete');
  if (change && status === 'deleted') kinds.push('purge');
  return kinds;
}
