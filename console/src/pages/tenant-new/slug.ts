// Slugs: what a name suggests, and what is plainly none. The server has the last word. Pure; used by the wizard.

const MOST = 63;

/** `Acme Robotics, Inc.` as `acme-robotics-inc`. */
export function suggestSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('&', ' and ')
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MOST)
    .replaceAll(/^-+|-+$/g, '');
}

/** What is wrong with its shape; nothing where the server may be asked. */
export function shapeOf(slug: string): string | undefined {
  if (slug === '') return 'Enter a slug.';
  if (/[^a-z0-9-]/.test(slug)) return 'A slug is made of a-z, 0-9 and hyphens only.';
  if (slug.startsWith('-') || slug.endsWith('-')) return 'A slug does not begin or end with a hyphen.';
  if (slug.includes('--')) return 'A slug has no two hyphens in a row.';
  if (slug.length < 3) return 'A slug has at least 3 characters.';
  if (slug.length > MOST) return `A slug has at most ${MOST} characters.`;
  return undefined;
}

/** The same with a number at its end, short enough. */
export function numbered(slug: string, number: number): string {
  const tail = `-${number}`;
  return `${slug.slice(0, MOST - tail.length).replace(/-+$/, '')}${tail}`;
}
