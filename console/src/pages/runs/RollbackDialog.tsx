// Takes a run back, after the slug was typed. Used by `RunPage`.
import { useState } from 'react';
import { idempotencyKey } from '../../api/client';
import type { Run } from '../../api/types';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { useRollback } from './api';

const MAKES = ['create', 'adopt', 'import'];

/** What will happen, by what the run is and how far it came. */
export function rollbackEffects(run: Run): string[] {
  const undone = 'Every step that was done is undone, the last one first, by a worker.';
  if (run.kind === 'adopt')
    return [
      undone,
      'The schema gets its old name back. No row is touched.',
      'The tenant and its slug are gone.',
    ];
  if (MAKES.includes(run.kind))
    return [
      `${run.tenant_slug} is removed with everything in it: schema, roles, keys, members, rows.`,
      undone,
      'The slug is free then. A retry makes an empty tenant, with the same first key.',
    ];
  return [undone, `${run.tenant_slug} is then as it was before this run.`];
}

export function RollbackDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const [key] = useState(idempotencyKey);
  const rollback = useRollback(run.id, run.tenant_slug);
  return (
    <ConfirmDialog
      onClose={onClose}
      title="Roll back this run?"
      action="Roll back"
      word={run.tenant_slug}
      effects={rollbackEffects(run)}
      confirm={() => rollback.mutateAsync(key)}
    />
  );
}
