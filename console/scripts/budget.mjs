// How much JavaScript a first screen needs, gzip: the entry, what it imports, and the page (with the shell). Fails above 250 kB.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 250_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

function gather(key, files) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const imported of chunk.imports ?? []) gather(imported, files);
}

function sum(files) {
  return [...files].reduce((total, file) => total + gzipSync(readFileSync(new URL(file, dist))).length, 0);
}

const SCREENS = {
  'sign-in': ['src/pages/sign-in/SignInPage.tsx'],
  home: ['src/app/shell/Shell.tsx', 'src/pages/home/HomePage.tsx'],
  operators: ['src/app/shell/Shell.tsx', 'src/pages/operators/OperatorsPage.tsx'],
};

for (const [name, pages] of Object.entries(SCREENS)) {
  const files = new Set();
  for (const key of ['index.html', ...pages]) {
    if (!manifest[key]) throw new Error(`${key} is not in the build`);
    gather(key, files);
  }
  const total = sum(files);
  process.stdout.write(
    `${name}: ${(total / 1000).toFixed(1)} kB gzip in ${files.size} files, of ${BUDGET / 1000} kB\n`,
  );
  if (total > BUDGET) process.exitCode = 1;
}
