// Names of what the query cache holds. A list's key begins its things' keys, so that one line makes both look again.
// Used by pages and `liveCache.ts`.

export const keys = {
  operators: ['operators'] as const,
  tenants: ['tenants'] as const,
  tenant: (slug: string) => ['tenants', 'one', slug] as const,
  runs: ['runs'] as const,
  run: (id: string) => ['runs', 'one', id] as const,
  audit: ['audit'] as const,
  isolation: ['isolation'] as const,
  isolationReport: (id: string) => ['isolation', 'one', id] as const,
  overview: ['overview'] as const,
  workspaces: ['workspaces'] as const,
  members: ['members'] as const,
  invitations: ['invitations'] as const,
  apiKeys: ['api-keys'] as const,
  agents: ['agents'] as const,
  sessions: ['sessions'] as const,
  limits: ['limits'] as const,
  tiers: ['tiers'] as const,
  template: ['template'] as const,
};
