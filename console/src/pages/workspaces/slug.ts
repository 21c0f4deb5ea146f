// A slug out of a name, as the API wants it. Pure; used by `MakeDialog`.

/** `Équipe Nord!` as `equipe-nord`; empty where nothing is left. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-|-$/g, '');
}
