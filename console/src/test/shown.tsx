// Shows a component with what every page stands in: the design system, a query cache, a router where it has to be. Used by component tests.
import { ChakraProvider } from '@chakra-ui/react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from '@tanstack/react-router';
import { render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { system } from '../app/theme';

const newClient = () => new QueryClient({ defaultOptions: { queries: { retry: false } } });

export function shown(children: ReactNode, client = newClient()) {
  render(
    <ChakraProvider value={system}>
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    </ChakraProvider>,
  );
  return client;
}

interface Place {
  /** Path and search, as they stand in the address bar. */
  at: string;
  /** As the route makes it safe. */
  validateSearch?: (raw: Record<string, unknown>) => object;
  /** Other paths that it may lead to. */
  others?: string[];
}

/** Shows it as the page of a path. */
export function shownAt({ at, validateSearch, others = [] }: Place, Page: () => ReactNode) {
  const root = createRootRoute({ component: Outlet });
  const path = at.split('?')[0] ?? '/';
  const routes = [
    createRoute({
      getParentRoute: () => root,
      path,
      component: Page,
      ...(validateSearch ? { validateSearch } : {}),
    }),
    ...others.map((other) =>
      createRoute({ getParentRoute: () => root, path: other, component: () => <p>{other}</p> }),
    ),
  ];
  const router = createRouter({
    routeTree: root.addChildren(routes),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  shown(<RouterProvider router={router as never} />);
  return router;
}
