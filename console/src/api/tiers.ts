// The tiers with what each allows and costs, as the server's table has them. Used by the wizard, the tenant page and the tenants list.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, call } from './client';
import { keys } from './keys';

const tiers = queryOptions({
  queryKey: keys.tiers,
  queryFn: ({ signal }) => call(api.GET('/v1/tiers', { signal })),
  // An operator changes them by hand, and seldom.
  staleTime: 60_000,
});

export function useTiers() {
  return useQuery(tiers);
}
