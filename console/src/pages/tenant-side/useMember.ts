// Whoever works in a tenant, and looking at them anew after their memberships changed. Used by pages of the tenant's side.
import { goTo, useWho } from '../../session/session';
import type { MemberWho } from '../../session/who';

/** Only below the tenant's guard. */
export function useMember(): MemberWho {
  const who = useWho();
  if (who.kind !== 'member') throw new Error('nobody works in a tenant here');
  return who;
}

/** Asks again who one is here and where else one may go; stays in place. */
export function lookAgain(who: MemberWho): Promise<unknown> {
  return goTo({ tenant: who.tenant, workspace: who.workspace });
}
