import type { UseQueryResult } from '@tanstack/react-query';
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { ListPage } from '../../api/types';
import { shownAt } from '../../test/shown';
import { tableSearch } from '../search';
import { DataTable } from './DataTable';
import { columnsOf } from './features';

interface Fruit {
  name: string;
  colour: string;
}

const column = columnsOf<Fruit>();
const columns = column.columns([
  column.accessor('name', { meta: { label: 'Name', sort: 'name', fixed: true } }),
  column.accessor('colour', { meta: { label: 'Colour' } }),
]);

const answer = (page: ListPage<Fruit>) =>
  ({
    data: page,
    error: null,
    isPending: false,
    isError: false,
    isFetching: false,
    isPlaceholderData: false,
    refetch: async () => {},
  }) as unknown as UseQueryResult<ListPage<Fruit>>;

const FRUIT = answer({ items: [{ name: 'Plum', colour: 'blue' }], next_cursor: 'second' });

async function listed(search = '', query = FRUIT) {
  const router = shownAt(
    { at: `/fruit${search}`, validateSearch: (raw) => tableSearch(raw, ['name']) },
    () => (
      <DataTable
        label="Fruit"
        columns={columns}
        query={query}
        rowId={(fruit) => fruit.name}
        empty={<p>No fruit</p>}
        bulk={(rows) => <p>{rows.map((row) => row.name).join()} chosen</p>}
      />
    ),
  );
  await screen.findByRole('button', { name: 'Load again' });
  return { user: userEvent.setup(), search: () => router.state.location.search as Record<string, unknown> };
}

describe('a table whose state is the URL', () => {
  it('shows what a link asks for', async () => {
    await listed('?sort=-name&hide=colour&dense=true');
    expect(screen.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('descending');
    expect(screen.queryByRole('columnheader', { name: 'Colour' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Compact rows' }).getAttribute('aria-pressed')).toBe('true');
  });

  it('sorts up, down, and as it came, from the first page', async () => {
    const { user, search } = await listed('?cursor=third');
    const head = screen.getByRole('columnheader', { name: 'Name' });
    for (const [said, asked] of [
      ['ascending', 'name'],
      ['descending', '-name'],
      ['none', undefined],
    ]) {
      await user.click(within(head).getByRole('button'));
      await waitFor(() => expect(head.getAttribute('aria-sort')).toBe(said));
      expect(search().sort).toBe(asked);
      expect(search().cursor).toBeUndefined();
    }
  });

  it('goes to the next page and back', async () => {
    const { user, search } = await listed();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Back' }).disabled).toBe(true);
    await user.click(screen.getByRole('button', { name: 'Next' }));
    await waitFor(() => expect(search().cursor).toBe('second'));
    await user.click(screen.getByRole('button', { name: 'Back' }));
    await waitFor(() => expect(search().cursor).toBeUndefined());
  });

  it('keeps density in the URL, and nothing else of it', async () => {
    const { user, search } = await listed();
    await user.click(screen.getByRole('button', { name: 'Compact rows' }));
    await waitFor(() => expect(search().dense).toBe(true));
    await user.click(screen.getByRole('button', { name: 'Compact rows' }));
    await waitFor(() => expect(search().dense).toBeUndefined());
  });

  it('offers what can be done with chosen rows, and drops the choice', async () => {
    const { user, search } = await listed();
    await user.click(screen.getByRole('checkbox', { name: 'Select Plum' }));
    expect(await screen.findByText('Plum chosen')).toBeTruthy();
    expect(search()).toEqual({});
    await user.click(screen.getByRole('checkbox', { name: 'Select all fruit on this page' }));
    await waitFor(() => expect(screen.queryByText('Plum chosen')).toBeNull());
  });

  it('says that it is empty on the first page, and that no more came on a later one', async () => {
    await listed('', answer({ items: [] }));
    expect(screen.getByText('No fruit')).toBeTruthy();
  });

  it('has a way back from an empty later page', async () => {
    const { user, search } = await listed('?cursor=gone', answer({ items: [] }));
    expect(screen.getByText('Nothing more here.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'First page' }));
    await waitFor(() => expect(search().cursor).toBeUndefined());
  });
});
