// What Home reads: the platform at a glance, what the doctor finds, the newest of the trail. Used by `HomePage`.
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '../../api/client';
import { keys } from '../../api/keys';

export const overview = queryOptions({
  queryKey: keys.overview,
  queryFn: ({ signal }) => call(api.GET('/v1/overview', { signal })),
  // Leases and proofs age without an event.
  refetchInterval: 30_000,
});

export const doctor = queryOptions({
  queryKey: ['doctor'],
  queryFn: ({ signal }) => call(api.GET('/v1/doctor', { signal })),
  refetchInterval: 60_000,
});

export const recentTrail = queryOptions({
  queryKey: [...keys.audit, 'recent'],
  queryFn: ({ signal }) => call(api.GET('/v1/audit-events', { params: { query: { limit: 8 } }, signal })),
});
