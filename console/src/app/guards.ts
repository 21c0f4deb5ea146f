// Who may open which part of the console. Called by the routes, before anything of a page is loaded.
import { redirect } from '@tanstack/react-router';
import { goTo, ready } from '../session/session';
import { isForeignPlace } from '../session/tokens';
import { homeOf, type Who } from '../session/who';

/**
 * Only who is signed in; others sign in first and come back to where they wanted to go. Who was here (`stays`) and left of their own accord
 * does not want to come back: whoever signs in next begins at their own home.
 */
export async function signedIn(href: string, stays = false): Promise<Who> {
  const now = await ready();
  if (now.status === 'in') return now.who;
  const left = stays && now.status === 'out' && (now.why === 'left' || now.why === 'erased');
  throw redirect({ to: '/sign-in', search: left || href === '/' ? {} : { to: href } });
}

/** Only operators, as operators. */
export async function operatorsOnly(href: string): Promise<void> {
  const who = await signedIn(href);
  if (who.kind === 'operator') return;
  // The page is an operator's: who is one goes back to being it.
  if (who.operatorToo && href !== '/') {
    await goTo({});
    return;
  }
  throw redirect({ href: homeOf(who) });
}

/** Only members of this tenant; the tab goes there where it is elsewhere. */
export async function membersOnly(href: string, tenant: string): Promise<void> {
  const who = await signedIn(href);
  if (who.kind === 'member' && who.tenant === tenant) return;
  if (!who.memberships.some((one) => one.tenant === tenant)) throw insteadOf(who, tenant);
  try {
    await goTo({ tenant });
  } catch (thrown) {
    if (isForeignPlace(thrown)) throw insteadOf(who, tenant);
    throw thrown;
  }
}

/** A tenant's own address (its `console_url`) leads operators who are no members to what they may see of it. */
function insteadOf(who: Who, tenant: string) {
  if (who.kind === 'operator' || who.operatorToo)
    return redirect({ to: '/tenants/$slug', params: { slug: tenant } });
  return redirect({ href: homeOf(who) });
}

/** A path of this console to go back to; anything else could lead to a page of others. */
export function safePath(to: unknown): string | undefined {
  if (typeof to !== 'string' || !to.startsWith('/') || to.startsWith('//') || to.includes('\\'))
    return undefined;
  return to.startsWith('/sign-in') ? undefined : to;
}
