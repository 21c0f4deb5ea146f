import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { shown } from '../../test/shown';
import { ConfirmDialog } from '../ConfirmDialog';
import { useAsked } from './useAsked';

interface Fruit {
  id: string;
  version: number;
}

const idOf = (fruit: Fruit) => fruit.id;
const PLUM: Fruit = { id: 'plum', version: 1 };
const FIG: Fruit = { id: 'fig', version: 1 };
let list: (rows: Fruit[]) => void;

/** As a page: rows with a button each, and the dialog beside them. */
function Fruits({ eat }: { eat: (fruit: Fruit) => void }) {
  const [rows, setRows] = useState([PLUM, FIG]);
  list = setRows;
  const { asked, ask, close } = useAsked<'eat', Fruit>(rows, idOf);
  return (
    <main>
      <h1 tabIndex={-1}>Fruit</h1>
      {rows.map((row) => (
        <button key={row.id} type="button" onClick={() => ask('eat', row)}>
          Eat {row.id}
        </button>
      ))}
      {asked && (
        <ConfirmDialog
          title={`Eat ${asked.row.id}?`}
          action="Eat it"
          word={asked.row.id}
          effects={['It is gone.']}
          confirm={() => eat(asked.row)}
          onClose={close}
        />
      )}
    </main>
  );
}

async function asks() {
  const eat = vi.fn();
  shown(<Fruits eat={eat} />);
  await userEvent.click(screen.getByRole('button', { name: 'Eat plum' }));
  const field = await screen.findByLabelText<HTMLInputElement>(/Type plum/);
  await userEvent.type(field, 'plu');
  return { eat, field };
}

describe('a dialog about a row', () => {
  it('stays with what was typed when the row moves, and when it goes', async () => {
    const { eat, field } = await asks();
    for (const rows of [[FIG, PLUM], [FIG]]) {
      list(rows);
      expect(await screen.findByRole('alertdialog', { name: 'Eat plum?' })).toBeTruthy();
      expect(field.isConnected).toBe(true);
      expect(field.value).toBe('plu');
    }
    await userEvent.type(field, 'm{Enter}');
    expect(eat).toHaveBeenCalledWith(PLUM);
  });

  it('is about the row as it is listed now', async () => {
    const { eat, field } = await asks();
    const changed = { ...PLUM, version: 2 };
    list([changed, FIG]);
    await userEvent.type(field, 'm{Enter}');
    expect(eat).toHaveBeenCalledWith(changed);
  });
});
