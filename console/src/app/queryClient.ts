// The one home of server state. Used by the providers and route loaders.
import { QueryClient } from '@tanstack/react-query';
import { asProblem } from '../api/problem';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays one; what may pass is tried twice more.
      retry: (failures, error) => failures < 2 && asProblem(error).passing,
      retryDelay: (failures, error) => (asProblem(error).retryAfter ?? 0.4 * 2 ** failures) * 1000,
    },
    mutations: { retry: false },
  },
});
