// The course of a bulk change: asked, working, over; what is left can be tried again with the same keys. Used by `BulkDialog`.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { idempotencyKey } from '../../api/client';
import { keys } from '../../api/keys';
import type { Tenant } from '../../api/types';
import { type BulkDone, type BulkWish, changeOne } from './api';
import { doMany, type Outcome, tally } from './bulk';

/** Enough to be quick, few enough to leave the server's other callers room. */
const LANES = 4;

type Outcomes = Record<string, Outcome<BulkDone>>;

export function useBulk(tenants: Tenant[]) {
  const client = useQueryClient();
  const [phase, setPhase] = useState<'asked' | 'working' | 'over'>('asked');
  const [outcomes, setOutcomes] = useState<Outcomes>({});
  const [wishes] = useState(() => new Map<string, string>());
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const keyOf = ({ slug }: Tenant) => {
    const key = wishes.get(slug) ?? idempotencyKey();
    wishes.set(slug, key);
    return key;
  };
  const go = async (wish: BulkWish) => {
    stop.current = new AbortController();
    const open = tenants.filter(({ slug }) => outcomes[slug]?.state !== 'done');
    setOutcomes((now) => ({
      ...now,
      ...Object.fromEntries(open.map(({ slug }) => [slug, { state: 'waiting' as const }])),
    }));
    setPhase('working');
    await doMany({
      items: open,
      lanes: LANES,
      deed: (tenant) => changeOne(wish, tenant, keyOf(tenant)),
      tell: ({ slug }, outcome) => setOutcomes((now) => ({ ...now, [slug]: outcome })),
      signal: stop.current.signal,
    });
    setPhase('over');
    await client.invalidateQueries({ queryKey: keys.tenants });
  };

  const counts = tally(Object.values(outcomes));
  return {
    phase,
    outcomes,
    tally: counts,
    left: tenants.length - counts.done,
    go,
    stop: () => stop.current.abort(),
  };
}
