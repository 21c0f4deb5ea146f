// What the wizard asks the server: whether a slug can be had, which one near it, how long making a tenant took lately. Used by its steps.
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { api, call } from '../../api/client';
import { recentRuns } from '../runs/api';
import { numbered } from './slug';

/** Whether this slug can be had now. An answer is good while the form is filled in; the server decides at the end. */
export function availability(slug: string) {
  return queryOptions({
    queryKey: ['slugs', slug],
    queryFn: ({ signal }) => call(api.GET('/v1/slugs/{slug}', { params: { path: { slug } }, signal })),
    staleTime: 15_000,
    retry: false,
  });
}

const TRIES = [2, 3, 4, 5, 6];

/** The first of `acme-2`, `acme-3`, … that can be had; `null` where none of a few can. */
export function freeNear(slug: string, client: QueryClient) {
  return queryOptions({
    queryKey: ['slugs', slug, 'near'],
    queryFn: async () => {
      for (const number of TRIES) {
        const near = numbered(slug, number);
        if ((await client.fetchQuery(availability(near))).available) return near;
      }
      return null;
    },
    staleTime: 15_000,
    retry: false,
  });
}

export const lastCreations = recentRuns({ kind: 'create', status: 'succeeded' }, 20);
