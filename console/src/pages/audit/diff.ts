// What a change made of its target: the values of before and after, leaf by leaf. Pure; used by `Diff`.

export type Json = unknown;
export type Mark = 'added' | 'removed' | 'changed' | 'same';

export interface DiffRow {
  /** Where it is: `limits.agents`, `scopes[0]`. */
  path: string;
  mark: Mark;
  before?: Json;
  after?: Json;
}

const isTree = (value: Json): value is Record<string, Json> | Json[] =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** Every leaf with its path; an empty list or object is a leaf. */
export function leaves(value: Json, path = ''): Map<string, Json> {
  if (value === null && path === '') return new Map();
  if (value === undefined) return new Map();
  if (!isTree(value)) return new Map([[path, value]]);
  const found = new Map<string, Json>();
  for (const [key, inner] of Object.entries(value)) {
    const here = Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    for (const [at, leaf] of leaves(inner, here)) found.set(at, leaf);
  }
  return found;
}

/** Changed first, then added and removed, then what stayed; within that by path. */
export function diff(before: Json, after: Json): DiffRow[] {
  const [old, now] = [leaves(before), leaves(after)];
  const rows = [...new Set([...old.keys(), ...now.keys()])].map((path): DiffRow => {
    if (!old.has(path)) return { path, mark: 'added', after: now.get(path) };
    if (!now.has(path)) return { path, mark: 'removed', before: old.get(path) };
    const same = JSON.stringify(old.get(path)) === JSON.stringify(now.get(path));
    return { path, mark: same ? 'same' : 'changed', before: old.get(path), after: now.get(path) };
  });
  const rank: Record<Mark, number> = { changed: 0, removed: 1, added: 2, same: 3 };
  return rows.sort((a, b) => rank[a.mark] - rank[b.mark] || a.path.localeCompare(b.path));
}

/** A leaf as text: words bare, everything else as JSON. */
export function shown(value: Json): string {
  return typeof value === 'string' ? value || '""' : JSON.stringify(value);
}
