// The part of a table that lives in the URL: sort, place in the list, hidden columns, density. Used by list pages and `DataTable`.
import { useNavigate, useRouterState, useSearch } from '@tanstack/react-router';
import { nextSort, type TableSearch, toggled } from '../search';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Cursors of the pages before this one; the first page is ''. */
    trail?: string[];
  }
}

export interface TableControl {
  search: TableSearch;
  /** Whether there is a page before this one that we know the way to. */
  canGoBack: boolean;
  sortBy: (key: string) => void;
  toggleColumn: (id: string) => void;
  toggleDensity: () => void;
  nextPage: (cursor: string) => void;
  previousPage: () => void;
  firstPage: () => void;
  /** Sets filters; an empty one goes. The list begins anew. */
  filter: (change: Record<string, string | boolean | undefined>) => void;
}

type Loose = Record<string, unknown>;

export function useTableSearch(): TableControl {
  const search = useSearch({ strict: false }) as TableSearch & Loose;
  const navigate = useNavigate();
  const trail = useRouterState({ select: (state) => state.location.state.trail ?? [] });

  const go = (change: Loose, options: { trail?: string[]; replace?: boolean } = {}) =>
    void navigate({
      to: '.',
      // The route's own validation makes it safe again.
      search: ((before: Loose) => ({ ...before, ...change })) as never,
      state: { trail: options.trail ?? trail },
      replace: options.replace ?? true,
      resetScroll: false,
    });

  return {
    search,
    canGoBack: trail.length > 0,
    sortBy: (key) => go({ sort: nextSort(search.sort, key), cursor: undefined }, { trail: [] }),
    toggleColumn: (id) => go({ hide: toggled(search.hide, id) }),
    toggleDensity: () => go({ dense: search.dense ? undefined : true }),
    nextPage: (cursor) => go({ cursor }, { trail: [...trail, search.cursor ?? ''], replace: false }),
    previousPage: () =>
      go({ cursor: trail.at(-1) || undefined }, { trail: trail.slice(0, -1), replace: false }),
    firstPage: () => go({ cursor: undefined }, { trail: [], replace: false }),
    filter: (change) =>
      go(
        {
          ...Object.fromEntries(Object.entries(change).map(([key, value]) => [key, value || undefined])),
          cursor: undefined,
        },
        { trail: [] },
      ),
  };
}
