// Asks before the wizard is left with input in it, and says what happens. A reload keeps the draft, so it is not asked for. Used by `NewTenantPage`.
import { useBlocker } from '@tanstack/react-router';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { forgetDraft } from './draft';
import type { Wizard } from './useWizard';

export function LeaveGuard({ wizard }: { wizard: Wizard }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      next.pathname !== current.pathname &&
      // A session that ended comes back here, and finds the draft.
      next.pathname !== '/sign-in' &&
      wizard.wouldLose(),
    withResolver: true,
    enableBeforeUnload: false,
  });
  if (blocker.status !== 'blocked') return null;
  return (
    <ConfirmDialog
      title="Leave without making the tenant?"
      action="Discard and leave"
      effects={['Nothing has been made.', 'What you entered is discarded.']}
      confirm={() => {
        forgetDraft();
        blocker.proceed();
      }}
      onClose={blocker.reset}
    />
  );
}
