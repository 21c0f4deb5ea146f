// What the link of an invitation opens, for who holds it. Used by `AcceptPage`. Not in the cache of queries: that is emptied when whoever accepts is signed in, and the
// link, used by then, would be asked about once more and be told to open nothing.
import { useCallback, useEffect, useState } from 'react';
import { asProblem } from '../../api/problem';
import { previewInvitation } from './api';
import type { Preview } from './Offer';

/** How long the form waits for what it would show. */
const PATIENCE_MS = 4_000;

interface Seen {
  /** None while it is asked for, and where it could not be had: what cannot be shown can be accepted all the same. */
  offer?: Preview;
  /** The server says that the link opens nothing. */
  isShut?: boolean;
  /** Of which look this is, and by which token; none as yet is 0. */
  look: number;
  token?: string;
}

export function usePreview(token: string | undefined) {
  const [look, setLook] = useState(1);
  const [seen, setSeen] = useState<Seen>({ look: 0 });
  useEffect(() => {
    if (!token) return;
    const gone = new AbortController();
    const tell = (what: Pick<Seen, 'offer' | 'isShut'>) =>
      !gone.signal.aborted && setSeen({ ...what, look, token });
    previewInvitation(token, AbortSignal.any([gone.signal, AbortSignal.timeout(PATIENCE_MS)])).then(
      (offer) => tell({ offer }),
      (thrown) => tell({ isShut: asProblem(thrown).code === 'not_found' }),
    );
    return () => gone.abort();
  }, [token, look]);
  const lookAgain = useCallback(() => setLook((before) => before + 1), []);
  const known: Seen = seen.token === token ? seen : { look: 0 };
  return { ...known, isLooking: known.look < look, lookAgain };
}
