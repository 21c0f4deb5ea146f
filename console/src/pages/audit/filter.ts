// What audit events are filtered by, in the API's words. Used by the viewer, its search and its queries.

export const FILTERS = ['tenant', 'actor', 'action', 'target', 'from', 'to'] as const;
export type AuditFilter = { [Name in (typeof FILTERS)[number]]?: string | undefined };
