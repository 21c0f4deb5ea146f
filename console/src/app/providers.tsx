// What surrounds every page: design system, query cache, router, toasts. Called by `main.tsx`.
import { ChakraProvider } from '@chakra-ui/react';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { onSession, sessionState } from '../session/session';
import { queryClient } from './queryClient';
import { router } from './router';
import { system } from './theme';

const Toasts = lazy(() => import('../ui/Toasts').then((module) => ({ default: module.Toasts })));

/** Whoever works where: what was read as somebody else, or in another tenant, is not shown again. */
function identity(): string {
  const now = sessionState();
  if (now.status !== 'in') return now.status;
  const { who } = now;
  return who.kind === 'member' ? `${who.id}/${who.workspaceId}` : `${who.kind}/${who.id ?? ''}`;
}

function useSessionChanges() {
  useEffect(() => {
    let before = identity();
    return onSession(() => {
      const after = identity();
      if (after === before) return;
      before = after;
      queryClient.clear();
      // Guards look again: who is out goes to the sign-in, and comes back from there.
      if (after === 'out') void router.invalidate();
    });
  }, []);
}

/** Once the first page is drawn, and before the first message: screen readers tell only what comes into a region that is there already. */
function useBehindFirstPage(): boolean {
  const [behind, setBehind] = useState(false);
  useEffect(() => router.subscribe('onRendered', () => setBehind(true)), []);
  return behind;
}

export function Providers() {
  const messages = useBehindFirstPage();
  useSessionChanges();
  return (
    <ChakraProvider value={system}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Suspense>{messages && <Toasts />}</Suspense>
      </QueryClientProvider>
    </ChakraProvider>
  );
}
