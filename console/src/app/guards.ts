// Who may open which part of the console. Called by the routes, before anything of a page is loaded.
import { redirect } from '@tanstack/react-router';
import { goTo, ready } from '../session/session';
import { isForeignPlace } from '../session/tokens';
import { homeOf, type Who } from '../session/who';

/** Only who is signed in; others sign in first and come back to where they wanted to go. */
export async function signedIn(href: string): Promise<Who> {
  const now = await ready();
  if (now.status === 'in') return now.who;
  throw redirect({ to: '/sign-in', search: href === '/' ? {} : { to: href } });
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
  if (!who.memberships.some((one) => one.tenant === tenant)) throw redirect({ href: homeOf(who) });
  try {
    await goTo({ tenant });
  } catch (thrown) {
    if (isForeignPlace(thrown)) throw redirect({ href: homeOf(who) });
    throw thrown;
  }
}

/** A path of this console to go back to; anything else could lead to a page of others. */
export function safePath(to: unknown): string | undefined {
  if (typeof to !== 'string' || !to.startsWith('/') || to.startsWith('//') || to.includes('\\'))
    return undefined;
  return to.startsWith('/sign-in') ? undefined : to;
}
