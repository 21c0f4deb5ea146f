// What the palette offers: pages, places, actions, tenants that were found. Pure; used by `Palette`.
import { LogOut, type LucideIcon, Moon, Sun } from 'lucide-react';
import type { Who } from '../../session/who';
import { navFor } from '../nav';

export interface Command {
  id: string;
  group: 'Pages' | 'Tenants' | 'Actions';
  label: string;
  detail?: string;
  icon?: LucideIcon;
  /** Words that find it beside its label. */
  also?: string;
  /** A page to go to, or something to do. */
  path?: string;
  act?: 'light' | 'dark' | 'sign-out';
}

export function commandsFor(who: Who): Command[] {
  const pages = navFor(who).flatMap((group) =>
    group.lines.map(
      (line): Command => ({
        id: line.path,
        group: 'Pages',
        label: line.label,
        icon: line.icon,
        path: line.path,
        also: line.also ?? '',
      }),
    ),
  );
  return [
    ...pages,
    { id: 'light', group: 'Actions', label: 'Light colours', icon: Sun, act: 'light', also: 'theme mode' },
    { id: 'dark', group: 'Actions', label: 'Dark colours', icon: Moon, act: 'dark', also: 'theme mode' },
    {
      id: 'sign-out',
      group: 'Actions',
      label: 'Sign out',
      icon: LogOut,
      act: 'sign-out',
      also: 'log out leave',
    },
  ];
}

/** Those in which every word that was typed occurs, what begins with it first. */
export function matching(commands: Command[], typed: string): Command[] {
  const wanted = typed.trim().toLowerCase();
  const parts = wanted.split(/\s+/).filter(Boolean);
  const found = commands.filter((command) => {
    const text = `${command.label} ${command.detail ?? ''} ${command.also ?? ''}`.toLowerCase();
    return parts.every((part) => text.includes(part));
  });
  const begins = (command: Command) => (command.label.toLowerCase().startsWith(wanted) ? 0 : 1);
  return wanted === '' ? found : found.sort((a, b) => begins(a) - begins(b));
}
