// What jsdom lacks and components ask for. Used by vitest before every file.
import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// What does not come is seen to be missing; a busy machine is not.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});

window.matchMedia ??= (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => {},
    removeEventListener: () => {},
  }) as unknown as MediaQueryList;
window.scrollTo = vi.fn() as never;
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
