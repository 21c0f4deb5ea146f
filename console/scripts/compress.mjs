// Puts a compressed form beside each file of dist/, so that the server compresses nothing while it serves. Run after the build.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
// Fonts and pictures are compressed by their own formats.
const texts = new Set(['.html', '.js', '.mjs', '.css', '.json', '.svg', '.txt', '.webmanifest']);
const least = 512;

const forms = {
  '.br': (bytes) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  '.gz': (bytes) => gzipSync(bytes, { level: 9 }),
};

let [files, plain, sent] = [0, 0, 0];
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !texts.has(extname(entry.name))) continue;
  const bytes = readFileSync(path);
  for (const [suffix, compress] of Object.entries(forms)) {
    const compressed = bytes.length < least ? bytes : compress(bytes);
    if (compressed.length < bytes.length) writeFileSync(path + suffix, compressed);
    else rmSync(path + suffix, { force: true });
    if (suffix === '.br') sent += Math.min(compressed.length, bytes.length);
  }
  files += 1;
  plain += bytes.length;
}
process.stdout.write(
  `${files} files: ${Math.round(plain / 1024)} kB, ${Math.round(sent / 1024)} kB as they are sent\n`,
);
