// What the audit viewer keeps in the URL. Used by its routes.
import { type TableSearch, tableSearch, text } from '../../ui/search';
import type { AuditFilter } from './filter';

type Raw = Record<string, unknown>;

export function auditSearch(raw: Raw): TableSearch & AuditFilter & { event?: string | undefined } {
  return {
    ...tableSearch(raw),
    tenant: text(raw.tenant),
    actor: text(raw.actor),
    action: text(raw.action),
    target: text(raw.target),
    from: text(raw.from),
    to: text(raw.to),
    event: text(raw.event),
  };
}
