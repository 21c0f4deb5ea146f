// The roles of operators, as forms offer them. Used by the dialogs of the operators page.
import type { OperatorRole } from '../../api/types';

export const ROLES: [OperatorRole, string][] = [
  ['auditor', 'Auditor: reads everything of the platform'],
  ['support', 'Support: also suspends and resumes tenants'],
  ['admin', 'Admin: everything'],
];
