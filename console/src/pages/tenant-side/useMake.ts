// Whether the dialog that makes a new thing is open: `?make=true` in the URL, so that other pages can lead to it.
// Used by list pages of the tenant's side; their routes keep `make` with `makeSearch`.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { flag } from '../../ui/search';

export interface MakeSearch {
  make?: boolean | undefined;
}

export function makeSearch(raw: Record<string, unknown>): MakeSearch {
  return { make: flag(raw.make) };
}

export function useMake(): [boolean, (open: boolean) => void] {
  const { make } = useSearch({ strict: false }) as MakeSearch;
  const navigate = useNavigate();
  const set = (open: boolean) =>
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, make: open || undefined })) as never,
      replace: true,
      resetScroll: false,
    });
  return [make === true, set];
}
