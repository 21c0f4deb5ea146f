// Every status word of the API as an icon and the word; colour only helps. Used in columns, headers, timelines.
import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleOff,
  CirclePause,
  CircleX,
  Clock,
  LoaderCircle,
  Lock,
  type LucideIcon,
  ShieldAlert,
  ShieldCheck,
  SkipForward,
  Trash2,
  Undo2,
} from 'lucide-react';
import { sentence, words } from './format';

interface Look {
  icon: LucideIcon;
  /** One of those in `many.ts`. */
  palette: string;
  moving?: boolean;
}

const good = (icon: LucideIcon): Look => ({ icon, palette: 'green' });
const bad = (icon: LucideIcon): Look => ({ icon, palette: 'red' });
const quiet = (icon: LucideIcon): Look => ({ icon, palette: 'gray' });
const warn = (icon: LucideIcon): Look => ({ icon, palette: 'orange' });
const busy = (icon: LucideIcon): Look => ({ icon, palette: 'blue', moving: true });

/** One look for each word, whatever has the status. */
const LOOKS: Record<string, Look> = {
  // tenants
  active: good(CircleCheck),
  provisioning: busy(LoaderCircle),
  suspended: warn(CirclePause),
  deleted: quiet(Trash2),
  // runs and steps
  pending: quiet(CircleDashed),
  running: busy(LoaderCircle),
  succeeded: good(CircleCheck),
  skipped: quiet(SkipForward),
  failed: bad(CircleX),
  undone: warn(Undo2),
  rolling_back: { icon: Undo2, palette: 'orange' },
  rolled_back: warn(Undo2),
  needs_attention: bad(CircleAlert),
  // isolation reports and checks
  passed: good(ShieldCheck),
  broken: bad(ShieldAlert),
  ok: good(CircleCheck),
  warn: warn(CircleAlert),
  failing: bad(CircleX),
  // invitations, keys, operators
  open: { icon: CircleDot, palette: 'blue' },
  accepted: good(CircleCheck),
  revoked: quiet(Ban),
  expired: quiet(Clock),
  locked: warn(Lock),
  archived: quiet(CircleOff),
  // agents
  idle: quiet(CircleDot),
  working: busy(LoaderCircle),
  blocked: warn(CirclePause),
  offline: quiet(CircleOff),
};

export function StatusBadge({ status, label }: { status: string; label?: string }) {
  const look = LOOKS[status] ?? quiet(CircleDot);
  const Glyph = look.icon;
  return (
    <span className="status" data-palette={look.palette} data-status={status}>
      <Glyph aria-hidden size={12} data-moving={look.moving} />
      {label ?? sentence(words(status))}
    </span>
  );
}

/** Statuses that this file has a look for; the test compares them with the API's. */
export const knownStatuses = Object.keys(LOOKS);
