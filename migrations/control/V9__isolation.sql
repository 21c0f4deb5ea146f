-- Proofs of isolation: what was looked at and tried, and what came of it.

CREATE TABLE isolation_reports (
    id             uuid PRIMARY KEY,
    status         varchar(20) NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'passed', 'failed', 'broken')),
    tenant_slug    varchar(63),
    seed           bigint NOT NULL CHECK (seed >= 0),
    requested_by   text NOT NULL,
    requested_at   timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    software       text NOT NULL DEFAULT '',
    sampled        boolean NOT NULL DEFAULT false,
    tenants        bigint NOT NULL DEFAULT 0,
    attempts       bigint NOT NULL DEFAULT 0,
    refusals       bigint NOT NULL DEFAULT 0,
    open           bigint NOT NULL DEFAULT 0,
    checks         jsonb NOT NULL DEFAULT '[]',
    error          text,
    lease_token    uuid,
    lease_until    timestamptz,
    holder_pid     integer,
    holder_started timestamptz,
    CHECK ((status IN ('passed', 'failed', 'broken')) = (finished_at IS NOT NULL)),
    CHECK (status <> 'broken' OR error IS NOT NULL),
    CHECK (status <> 'passed' OR error IS NULL),
    CHECK (status <> 'passed' OR open = 0),
    CHECK (status <> 'failed' OR open > 0)
);
CREATE INDEX isolation_reports_due_idx ON isolation_reports (requested_at) WHERE finished_at IS NULL;
COMMENT ON TABLE isolation_reports IS 'Proofs of isolation, the newest five hundred.';
COMMENT ON COLUMN isolation_reports.status IS 'pending: waits for a worker; running; passed: nothing is open; failed: something is, and the checks name it; broken: something could not be tried, and nothing is open in what was.';
COMMENT ON COLUMN isolation_reports.error IS 'What could not be tried.';
COMMENT ON COLUMN isolation_reports.tenant_slug IS 'The one tenant that it is about; NULL: all.';
COMMENT ON COLUMN isolation_reports.checks IS 'Each check with its promise, its counts, and up to twenty pieces of evidence.';
