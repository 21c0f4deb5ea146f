// The product as it is started, with a mail server of the test's beside it: for what only a mail can tell. Used by `mail.spec.ts`.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';
import { consoleInFrontOf } from './server';

const binary =
  process.env.TENANTRY_BINARY ?? fileURLToPath(new URL('../../target/debug/tenantry', import.meta.url));
export const OPERATOR_TOKEN = 'end-to-end-operator-token-0123456789abcdef';

export interface Mailbox {
  port: number;
  /** The link in the newest mail to somebody that has this path; waits for the mail. */
  linkTo: (email: string, path: string) => Promise<string>;
  close: () => void;
}

/** Takes every mail: as much of SMTP as it needs. */
export async function mailbox(): Promise<Mailbox> {
  const mails: string[] = [];
  const server = createServer((socket) => converse(socket, mails));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const found = (email: string, path: string) =>
    mails
      .filter((mail) => mail.includes(email))
      .flatMap((mail) => mail.match(new RegExp(`${path}#token=[\\w.~-]+`)) ?? [])
      .at(-1);
  return {
    port: (server.address() as AddressInfo).port,
    linkTo: async (email, path) => {
      await expect.poll(() => found(email, path), { timeout: 30_000 }).toBeTruthy();
      return found(email, path) ?? '';
    },
    close: () => server.close(),
  };
}

function converse(socket: Socket, mails: string[]) {
  let text = '';
  let body = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString();
    for (
      let end = text.indexOf(body ? '\r\n.\r\n' : '\r\n');
      end >= 0;
      end = text.indexOf(body ? '\r\n.\r\n' : '\r\n')
    ) {
      const line = text.slice(0, end);
      text = text.slice(end + (body ? 5 : 2));
      if (body) mails.push(plain(line));
      const word = body ? '.' : line.slice(0, 4).toUpperCase();
      body = word === 'DATA';
      say(word === 'DATA' ? '354 go on' : word === 'QUIT' ? '221 bye' : '250 ok');
    }
  });
  say('220 test');
}

/** Without what quoted-printable does to long lines and to `=`. */
function plain(mail: string): string {
  return mail
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

export interface Product {
  url: string;
  consoleUrl: string;
  stop: () => Promise<void>;
}

/** `tenantry dev` with a PostgreSQL of its own, which mails to the box. */
export async function startProduct(box: Mailbox): Promise<Product> {
  const data = await mkdtemp(join(tmpdir(), 'tenantry-e2e-'));
  const port = await freePort();
  const child = spawn(binary, ['dev'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      TENANTRY_DATA_DIR: data,
      TENANTRY_LISTEN: `127.0.0.1:${port}`,
      TENANTRY_OPERATOR_TOKEN: OPERATOR_TOKEN,
      TENANTRY_WARM_SLOTS: '1',
      TENANTRY_LOG: 'warn',
      TENANTRY_SMTP_URL: `smtp://127.0.0.1:${box.port}?tls=none`,
      TENANTRY_MAIL_FROM: 'Tenantry <no-reply@example.com>',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const end = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  try {
    await expect.poll(() => isUp(url, child), { timeout: 150_000 }).toBe(true);
    const shown = await consoleInFrontOf(url);
    return { url, consoleUrl: shown.url, stop: () => shown.close().then(end) };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

async function isUp(url: string, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
  return fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
