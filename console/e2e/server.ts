// Starts the real server of the tests, and the console in front of it. Used by `fixtures.ts`, once for each worker.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

export type MemberRole = 'owner' | 'admin' | 'member' | 'viewer';
export type OperatorRole = 'admin' | 'support' | 'auditor';

export interface Person {
  email: string;
  password: string;
  role: string;
}

export interface SceneTenant {
  slug: string;
  name: string;
  members: Person[];
  api_key: string;
}

interface Said {
  url: string;
  control_url: string;
  operator_token: string;
  scene: { operators: Person[]; tenants: SceneTenant[] };
}

export interface Server extends Said {
  /** Where the console is: the server itself, or a preview of `dist/` in front of it. */
  consoleUrl: string;
  /** Ends both. */
  stop: () => Promise<void>;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const binary = process.env.CONSOLE_SERVER ?? `${root}../target/debug/console_server`;

/** Arguments as the server takes them, such as `--slots=2`. */
export async function startServer(args: string[] = []): Promise<Server> {
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = await firstLine(child);
  const { url, close } = await consoleInFrontOf(said.url);
  return {
    ...said,
    consoleUrl: url,
    stop: async () => {
      await close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // It ends with its standard input.
      child.stdin?.end();
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<Said> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${binary} ended with ${code} before it was up`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as Said);
    });
  });
}

/** The console as the server serves it; `dist/` in front of it where it serves none, or where CONSOLE_PREVIEW wishes it. */
export async function consoleInFrontOf(server: string): Promise<{ url: string; close: () => Promise<void> }> {
  if (process.env.CONSOLE_URL) return { url: process.env.CONSOLE_URL, close: async () => {} };
  const page = await fetch(server, { headers: { accept: 'text/html' } });
  if (!process.env.CONSOLE_PREVIEW && (await page.text()).includes('id="root"'))
    return { url: server, close: async () => {} };
  process.env.TENANTRY_URL = server;
  const shown = await preview({ root, logLevel: 'error', preview: { host: '127.0.0.1', port: 0 } });
  const url = shown.resolvedUrls?.local[0]?.replace(/\/$/, '');
  if (!url) throw new Error('the preview has no address');
  return { url, close: () => shown.close() };
}
