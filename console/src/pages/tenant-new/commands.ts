// The same wish as a command: for curl and for the command line. Pure; used by the review and by Home.
import type { NewTenant } from '../runs/made';
import { OWN } from './values';

/** One word for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function asCurl(origin: string, key: string, body: NewTenant): string {
  return [
    `curl -X POST ${quoted(`${origin}/v1/tenants`)}`,
    `  -H "Authorization: Bearer $TENANTRY_TOKEN"`,
    `  -H 'Content-Type: application/json'`,
    `  -H ${quoted(`Idempotency-Key: ${key}`)}`,
    `  -d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n');
}

export function asCli(body: NewTenant): string {
  return [
    `tenantry tenant create ${quoted(body.slug)}`,
    `  --name ${quoted(body.name)}`,
    `  --admin-email ${quoted(body.admin_email)}`,
    ...(body.plan_tier ? [`  --tier ${body.plan_tier}`] : []),
    ...(body.allowed_domains ?? []).map((domain) => `  --domain ${quoted(domain)}`),
    ...OWN.filter((name) => typeof body[name] === 'number').map(
      (name) => `  --${name.replaceAll('_', '-')} ${body[name]}`,
    ),
    ...(body.schema_version ? [`  --schema-version ${quoted(body.schema_version)}`] : []),
    ...(body.demo_data ? ['  --demo-data'] : []),
  ].join(' \\\n');
}
