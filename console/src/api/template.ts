// What a new tenant can be made of: schema versions with the slots that are ready at each, and whether demo data can be had. Used by the wizard.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, call } from './client';
import { keys } from './keys';
import type { Shape } from './types';

export type Template = Shape<'TenantTemplate'>;
export type SchemaVersion = Shape<'SchemaVersion'>;

const template = queryOptions({
  queryKey: keys.template,
  queryFn: ({ signal }) => call(api.GET('/v1/tenant-template', { signal })),
  // Versions change with a deployment, slots with every tenant.
  staleTime: 15_000,
});

export function useTemplate() {
  return useQuery(template);
}

/** The version that was named, or the newest where none was; nothing for one that is not offered any more. */
export function versionOf(offered: Template, named: string): SchemaVersion | undefined {
  return offered.versions.find((one) => (named === '' ? one.is_default : one.version === named));
}
