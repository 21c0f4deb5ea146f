// Where the focus goes after a navigation: to the heading of the page that is there now, so that it is read out and Tab goes on from it.
// Owns: the path of the last heading. Used by the frames of pages: `Page`, the sign-in, the pages of links.
import { useLocation } from '@tanstack/react-router';
import { type RefObject, useEffect } from 'react';

/** The path of the last heading. The page that opens as the first takes no focus: the browser begins at the top. */
let lastPath: string | null = null;
/** Whether one came there by a navigation: then the heading of what has been loaded takes over from the one that waited for it. */
let arrived = false;

/** Without a heading the page's first field has taken the focus already. */
export function useArrival(heading?: RefObject<HTMLElement | null>) {
  const path = useLocation({ select: (location) => location.pathname });
  useEffect(() => {
    const other = lastPath !== null && lastPath !== path;
    const lost = lastPath === path && arrived && document.activeElement === document.body;
    if (other || lost) heading?.current?.focus({ preventScroll: true });
    if (lastPath !== path) arrived = other;
    lastPath = path;
  }, [path, heading]);
}
