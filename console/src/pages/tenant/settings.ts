// A tenant's settings as a form has them, and what of them has changed. Pure; used by `SettingsTab`.
import type { Shape, Tenant } from '../../api/types';

export interface Settings {
  name: string;
  admin_email: string;
  /** One on each line. */
  allowed_domains: string;
  domain_join_role: string;
}

export function fromTenant(tenant: Tenant): Settings {
  return {
    name: tenant.name,
    admin_email: tenant.admin_email,
    allowed_domains: tenant.allowed_domains.join('\n'),
    domain_join_role: tenant.domain_join_role ?? '',
  };
}

export function domainsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Only what is not as it was: the API leaves the rest alone. */
export function changes(tenant: Tenant, values: Settings): Shape<'UpdateTenant'> {
  const body: Shape<'UpdateTenant'> = {};
  const domains = domainsOf(values.allowed_domains);
  if (values.name.trim() !== tenant.name) body.name = values.name.trim();
  if (values.admin_email.trim() !== tenant.admin_email) body.admin_email = values.admin_email.trim();
  if (domains.join('\n') !== tenant.allowed_domains.join('\n')) body.allowed_domains = domains;
  if (values.domain_join_role !== (tenant.domain_join_role ?? ''))
    body.domain_join_role = values.domain_join_role || null;
  return body;
}
