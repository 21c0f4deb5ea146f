// Light, dark, or as the system has it. `public/theme.js` sets it before the first paint; this changes it. Used by the shell and the sign-in page.
import { useSyncExternalStore } from 'react';

export type ColorWish = 'light' | 'dark' | 'system';
const KEY = 'tenantry.theme';
const listeners = new Set<() => void>();

function wished(): ColorWish {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

function apply() {
  const wish = wished();
  const dark =
    wish === 'dark' || (wish === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  const { classList, style } = document.documentElement;
  classList.toggle('dark', dark);
  classList.toggle('light', !dark);
  style.colorScheme = dark ? 'dark' : 'light';
  for (const listener of listeners) listener();
}

/** Remembers the wish on this device and applies it in this tab. */
export function setColorMode(wish: ColorWish) {
  try {
    if (wish === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wish);
  } catch {
    // Without storage it lasts until the page is left.
  }
  apply();
}

/** Follows the system and the other tabs. Called once, at start. */
export function watchColorMode() {
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  window.addEventListener('storage', (event) => {
    if (event.key === KEY) apply();
  });
}

export function useColorMode(): ColorWish {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, wished);
}
