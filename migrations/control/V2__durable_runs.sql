-- Work that outlives a request: runs of every kind with what they need to go on or back, jobs and schedules, an outbox.

ALTER TABLE provisioning_runs
    ADD COLUMN kind varchar(20) NOT NULL DEFAULT 'create'
        CHECK (kind IN ('create', 'adopt', 'import', 'suspend', 'resume', 'delete', 'restore', 'purge')),
    ADD COLUMN input jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN result jsonb,
    ADD COLUMN takings integer NOT NULL DEFAULT 0 CHECK (takings >= 0),
    ADD COLUMN holder_pid integer,
    ADD COLUMN holder_started timestamptz,
    ADD CHECK ((holder_pid IS NULL) = (holder_started IS NULL));
ALTER TABLE provisioning_runs
    ALTER COLUMN kind DROP DEFAULT,
    ALTER COLUMN input DROP DEFAULT;
-- One run at a time: a suspension must not meet the purge of the same tenant half-way.
CREATE UNIQUE INDEX provisioning_runs_one_open_idx ON provisioning_runs (tenant_id) WHERE finished_at IS NULL;
CREATE INDEX provisioning_runs_slug_idx ON provisioning_runs (tenant_slug, id);
COMMENT ON TABLE provisioning_runs IS 'Work on a tenant: making, changing, removing it. No foreign key to tenants: the record outlives them.';
COMMENT ON COLUMN provisioning_runs.kind IS 'What the run does with its tenant; which steps it has follows from it.';
COMMENT ON COLUMN provisioning_runs.input IS 'What its steps need. No secret: of keys and tokens the hashes.';
COMMENT ON COLUMN provisioning_runs.result IS 'What it brought, for whoever asked.';
COMMENT ON COLUMN provisioning_runs.takings IS 'How often a worker took it. A run that is interrupted again and again counts as failed.';
COMMENT ON COLUMN provisioning_runs.holder_pid IS 'With holder_started, the backend by which the holder is seen. Once that is gone, the lease is free.';

-- Its numbers were drawn before the commit, so a reader of all runs could have missed one. The outbox has the events from now on.
DROP TABLE provisioning_events;

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      varchar(40) NOT NULL,
    key        text NOT NULL,
    event      varchar(40) NOT NULL,
    data       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    position   bigint UNIQUE
);
CREATE INDEX outbox_unnumbered_idx ON outbox (id) WHERE position IS NULL;
CREATE INDEX outbox_key_idx ON outbox (topic, key, position);
CREATE INDEX outbox_age_idx ON outbox (created_at);
COMMENT ON TABLE outbox IS 'What happened, for live streams and those who are told. Written with the deed.';
COMMENT ON COLUMN outbox.position IS 'Where a reader resumes. Given after the commit, in the order of becoming visible; NULL until then.';

CREATE TABLE outbox_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
);
INSERT INTO outbox_clock (position) VALUES (0);
COMMENT ON TABLE outbox_clock IS 'The last position that was given. Its row lock lets one numbering happen at a time.';

CREATE TABLE jobs (
    id             uuid PRIMARY KEY,
    kind           varchar(40) NOT NULL,
    key            text NOT NULL,
    input          jsonb NOT NULL,
    status         varchar(20) NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'failed')),
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error          text,
    run_at         timestamptz NOT NULL,
    lease_token    uuid,
    lease_until    timestamptz,
    holder_pid     integer,
    holder_started timestamptz,
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    CHECK ((status IN ('succeeded', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CHECK (finished_at IS NULL OR lease_token IS NULL)
);
CREATE UNIQUE INDEX jobs_open_idx ON jobs (kind, key) WHERE finished_at IS NULL;
CREATE INDEX jobs_due_idx ON jobs (run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE jobs IS 'Pieces of work that any worker may do. Of one kind and key there is one open job.';
COMMENT ON COLUMN jobs.status IS 'pending: waits, perhaps for another attempt. running: leased. succeeded. failed: gave up; a person has to look.';

CREATE TABLE schedules_due (
    name    varchar(40) PRIMARY KEY,
    next_at timestamptz NOT NULL
);
COMMENT ON TABLE schedules_due IS 'When each recurring job is made next. What recurs, and how often, is in the code.';

ALTER TABLE tenants ADD COLUMN suspended_at timestamptz;
UPDATE tenants SET suspended_at = updated_at WHERE status = 'suspended';
ALTER TABLE tenants ADD CHECK (status <> 'suspended' OR suspended_at IS NOT NULL);
CREATE INDEX tenants_deleted_idx ON tenants (deleted_at) WHERE status = 'deleted';
COMMENT ON COLUMN tenants.suspended_at IS 'Since when. Kept through a deletion, so that restoring a suspended tenant does not revive it.';

CREATE TABLE invitations (
    id           uuid PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    email        varchar(254) NOT NULL,
    role         varchar(20) NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at      timestamptz,
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX invitations_workspace_idx ON invitations (tenant_id, workspace_id);
COMMENT ON TABLE invitations IS 'Who may become a member, once, by a link. A new tenant begins with its owner''s.';
COMMENT ON COLUMN invitations.token_hash IS 'SHA-256 of the token in the link; the token itself is nowhere.';
