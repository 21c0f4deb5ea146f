// What was asked of a row of a list, such as to change it: the dialog about it belongs to the page, and stays with what was typed in it when
// the row moves, or goes because somebody else was quicker. Used by list pages.
import { useCallback, useState } from 'react';

interface Asked<Does extends string, Row> {
  does: Does;
  row: Row;
}

export type Ask<Does extends string, Row> = (does: Does, row: Row) => void;

/** `rows` are those that are listed now: the row is as they have it. One that went is as it was. */
export function useAsked<Does extends string, Row>(rows: Row[] | undefined, idOf: (row: Row) => string) {
  const [asked, setAsked] = useState<Asked<Does, Row> | null>(null);
  const ask: Ask<Does, Row> = useCallback((does, row) => setAsked({ does, row }), []);
  const close = useCallback(() => setAsked(null), []);
  const listed = asked && rows?.find((row) => idOf(row) === idOf(asked.row));
  return { asked: asked && listed ? { ...asked, row: listed } : asked, ask, close };
}
