// What a list keeps in the URL: filters, sort, place in the list, columns, density. Pure; used by routes (`validateSearch`) and `useTableSearch`.

export interface TableSearch {
  /** As the API takes it: `slug`, or `-slug` for descending. */
  sort?: string | undefined;
  cursor?: string | undefined;
  /** Columns that are not shown, by id, with commas. */
  hide?: string | undefined;
  dense?: boolean | undefined;
}

type Raw = Record<string, unknown>;

/** A text that says something, cut to what the API takes. */
export function text(value: unknown, most = 200): string | undefined {
  const found = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof found !== 'string') return undefined;
  const trimmed = found.trim().slice(0, most);
  return trimmed === '' ? undefined : trimmed;
}

/** One of the words that are known; anything else is as good as absent. */
export function oneOf<Word extends string>(value: unknown, known: readonly Word[]): Word | undefined {
  return known.find((word) => word === value);
}

export function flag(value: unknown): boolean | undefined {
  return value === true || value === 'true' ? true : undefined;
}

/** The part of a search that every table has. */
export function tableSearch(raw: Raw, sorts: readonly string[] = []): TableSearch {
  return {
    sort: oneOf(
      raw.sort,
      sorts.flatMap((sort) => [sort, `-${sort}`]),
    ),
    cursor: text(raw.cursor, 2000),
    hide: text(raw.hide),
    dense: flag(raw.dense),
  };
}

/** The search of a page with tabs: the chosen one, and the table that is in it. */
export function viewSearch<View extends string>(views: readonly View[]) {
  return (raw: Raw): TableSearch & { view?: View | undefined } => ({
    ...tableSearch(raw),
    view: oneOf(raw.view, views),
  });
}

/** What the next click on a column's head asks for: ascending, descending, as the list comes. */
export function nextSort(now: string | undefined, key: string): string | undefined {
  if (now === key) return `-${key}`;
  return now === `-${key}` ? undefined : key;
}

/** The list with this column shown or hidden. */
export function toggled(hide: string | undefined, id: string): string | undefined {
  const now = new Set((hide ?? '').split(',').filter(Boolean));
  if (!now.delete(id)) now.add(id);
  return now.size === 0 ? undefined : [...now].join(',');
}

/** Only what is not empty: what belongs into a request or a URL. */
export function present<T extends Raw>(search: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ''),
  ) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
