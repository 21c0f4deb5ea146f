-- Schemas that existed before Tenantry did, and became tenants: what they were called, and what an undo has to put back.

CREATE TABLE adoptions (
    tenant_id        uuid PRIMARY KEY,
    source_schema    text NOT NULL CHECK (octet_length(source_schema) BETWEEN 1 AND 63),
    source_oid       bigint NOT NULL CHECK (source_oid > 0),
    schema_name      varchar(63) NOT NULL UNIQUE CHECK (schema_name ~ '^tenant_[a-z0-9_]+$'),
    role_name        varchar(63) NOT NULL UNIQUE,
    baseline         varchar(50) NOT NULL CHECK (baseline <> ''),
    differences      jsonb NOT NULL CHECK (jsonb_typeof(differences) = 'array'),
    fenced_by_schema text[] NOT NULL,
    prior_acl        jsonb NOT NULL CHECK (jsonb_typeof(prior_acl) = 'object'),
    adopted_at       timestamptz NOT NULL,
    undone_at        timestamptz CHECK (undone_at >= adopted_at)
);
COMMENT ON TABLE adoptions IS 'Schemas that were adopted as tenants. No foreign key to tenants: the undo needs the row whatever became of the tenant''s.';
COMMENT ON COLUMN adoptions.source_schema IS 'The name it had, and gets back.';
COMMENT ON COLUMN adoptions.source_oid IS 'Tells the schema from another one that has its old name by now.';
COMMENT ON COLUMN adoptions.baseline IS 'The version that its tables were taken to have: the top of its Flyway history, or what the caller named, or 0.';
COMMENT ON COLUMN adoptions.differences IS 'From the template, a sentence each, when it was adopted.';
COMMENT ON COLUMN adoptions.fenced_by_schema IS 'Tables without workspace_id: every workspace of the tenant sees their rows.';
COMMENT ON COLUMN adoptions.prior_acl IS 'Grants to others than the owner, the schema''s comment and the names that our own tables push aside: what an undo puts back.';
COMMENT ON COLUMN adoptions.undone_at IS 'When it was given back; NULL while it is a tenant''s.';

ALTER TABLE slots ADD COLUMN adopted_from text, ADD CHECK (adopted_from IS NULL OR state = 'claimed');
COMMENT ON COLUMN slots.adopted_from IS 'The schema''s name before it was adopted. Where it is set the schema is given back, never dropped.';
