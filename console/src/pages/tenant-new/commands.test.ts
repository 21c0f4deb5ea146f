import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { asCli, asCurl, quoted } from './commands';

const body = {
  slug: 'acme',
  name: "Conan O'Brien & $HOME `x`",
  admin_email: 'ops@acme.example',
  plan_tier: 'pro',
  allowed_domains: ['acme.example'],
};

const said = (command: string) =>
  execFileSync('sh', ['-c', `curl() { tenantry "$@"; }; tenantry() { printf '%s\\n' "$@"; }; ${command}`], {
    encoding: 'utf8',
  }).split('\n');

it.each(['plain', 'two words', "it's", '$HOME', '', '"', 'a;b', '`x`'])('a shell reads %j back', (text) => {
  expect(said(`tenantry ${quoted(text)}`)[0]).toBe(text);
});

it('the command line says what the form says', () => {
  expect(said(asCli(body)).slice(0, -1)).toEqual([
    'tenant',
    'create',
    'acme',
    '--name',
    body.name,
    '--admin-email',
    'ops@acme.example',
    '--tier',
    'pro',
    '--domain',
    'acme.example',
  ]);
});

it('numbers of its own are flags', () => {
  const words = said(asCli({ ...body, max_agents: 0, storage_limit_gb: 12 }));
  expect(words.slice(-5, -1)).toEqual(['--max-agents', '0', '--storage-limit-gb', '12']);
});

it('what it begins with is flags', () => {
  const words = said(asCli({ ...body, schema_version: '2.1', demo_data: true }));
  expect(words.slice(-4, -1)).toEqual(['--schema-version', '2.1', '--demo-data']);
  expect(said(asCli({ ...body, demo_data: false }))).not.toContain('--demo-data');
});

it('curl sends the bytes and the key of the form', () => {
  const words = said(asCurl('https://app.example.com', 'key-1', body));
  expect(words).toContain('https://app.example.com/v1/tenants');
  expect(words).toContain('Idempotency-Key: key-1');
  expect(words).toContain(JSON.stringify(body));
});
