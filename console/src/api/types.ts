// Names for the generated shapes. Used by every page, so that none reaches into the generated file.
import type { components } from './schema';

type Schemas = components['schemas'];
export type Shape<Name extends keyof Schemas> = Schemas[Name];

export type Me = Shape<'Me'>;
export type Membership = Shape<'Membership'>;
export type Operator = Shape<'Operator'>;
export type OperatorRole = Shape<'OperatorRole'>;
export type Role = Shape<'Role'>;
export type Tier = Shape<'Tier'>;
export type TierTerms = Shape<'TierTerms'>;
export type Tenant = Shape<'Tenant'>;
export type TenantStatus = Shape<'TenantStatus'>;
export type Run = Shape<'Run'>;
export type RunStatus = Shape<'RunStatus'>;
export type RunKind = Shape<'RunKind'>;
export type Step = Shape<'Step'>;
export type StepName = Shape<'StepName'>;
export type StepStatus = Shape<'StepStatus'>;
export type AuditEvent = Shape<'AuditEvent'>;
export type IsolationReport = Shape<'IsolationReport'>;
export type SignedIn = Shape<'SignedIn'>;
export type Session = Shape<'Session'>;
export type Workspace = Shape<'Workspace'>;
export type Member = Shape<'Member'>;
export type Invitation = Shape<'Invitation'>;
export type ApiKey = Shape<'ApiKey'>;
export type Agent = Shape<'Agent'>;

/** A page of a list, as every list of the API answers. */
export interface ListPage<Row> {
  items: Row[];
  next_cursor?: string | null;
}
