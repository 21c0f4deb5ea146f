-- The agent platform: agents, their tasks and mail, the providers they call, and what that cost.
--
-- Runs once in every tenant schema; names are unqualified because the engine sets the search path. Roles, grants and row
-- level security are not here: the engine guards every table by itself.
--
-- Rules of this file:
--   * Every foreign key is (workspace_id, x_id): its check runs past row level security, and a single column would let a
--     row point into another workspace and tell whether an id exists there.
--   * UNIQUE (workspace_id, id) is what those keys point at, and also the index on workspace_id.
--   * Ids come from the application; the default is for rows made by hand.
--   * Agents and accounts are soft-deleted. Sessions, which minutes are billed from, refuse an agent's removal;
--     what is worthless without it goes with it; everything else forgets it.
--   * Enumerated values are text with a CHECK: enum types are per schema and break cached plans.

CREATE TABLE agents (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id       uuid NOT NULL,
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    role               text NOT NULL CHECK (char_length(role) BETWEEN 1 AND 100),
    personality_prompt text CHECK (char_length(personality_prompt) <= 20000),
    status             text NOT NULL DEFAULT 'idle' CHECK (status IN ('idle', 'working', 'blocked', 'offline')),
    current_task_id    uuid,
    capabilities       text[] NOT NULL DEFAULT '{}'
                       CHECK (cardinality(capabilities) <= 50 AND array_position(capabilities, NULL) IS NULL),
    tool_permissions   jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(tool_permissions) = 'object'),
    version            bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    UNIQUE (workspace_id, id)
);
CREATE UNIQUE INDEX agents_name ON agents (workspace_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX agents_created ON agents (workspace_id, created_at);
COMMENT ON TABLE agents IS 'AI agents. Names are unique in a workspace, in any case, among those not deleted.';
COMMENT ON COLUMN agents.status IS 'idle: waits for work; working: on current_task_id; blocked: needs help; offline: not reachable';

CREATE TABLE provider_accounts (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id          uuid NOT NULL,
    provider              text NOT NULL CHECK (provider IN
                          ('agents_api', 'openai_codex', 'github_copilot', 'google_code_assist', 'openai', 'anthropic')),
    status                text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked', 'error')),
    credential_encrypted  bytea,
    credential_expires_at timestamptz,
    refresh_encrypted     bytea,
    refresh_expires_at    timestamptz,
    scopes                text[] NOT NULL DEFAULT '{}',
    account_meta          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(account_meta) = 'object'),
    last_error            text CHECK (char_length(last_error) <= 2000),
    last_used_at          timestamptz,
    version               bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    UNIQUE (workspace_id, id),
    CONSTRAINT provider_accounts_active_has_credential CHECK (status <> 'active' OR credential_encrypted IS NOT NULL),
    CONSTRAINT provider_accounts_revoked_keeps_no_secret
        CHECK (status <> 'revoked' OR (credential_encrypted IS NULL AND refresh_encrypted IS NULL)),
    CONSTRAINT provider_accounts_error_is_told CHECK (status <> 'error' OR last_error IS NOT NULL)
);
COMMENT ON TABLE provider_accounts IS 'Accounts at LLM providers, with their credentials encrypted.';
COMMENT ON COLUMN provider_accounts.status IS 'active: usable; revoked: withdrawn, its secrets erased; error: refused, see last_error';
COMMENT ON COLUMN provider_accounts.credential_encrypted IS 'API key or access token, sealed with the key of the tenant';

CREATE TABLE tasks (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id        uuid NOT NULL,
    agent_id            uuid,
    created_by          uuid,
    parent_task_id      uuid CHECK (parent_task_id <> id),
    title               text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    description         text CHECK (char_length(description) <= 20000),
    status              text NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'in_progress', 'blocked', 'completed', 'failed', 'cancelled')),
    previous_status     text
                        CHECK (previous_status IN ('pending', 'in_progress', 'blocked', 'completed', 'failed', 'cancelled')),
    priority            text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    progress_percent    smallint NOT NULL DEFAULT 0 CHECK (progress_percent BETWEEN 0 AND 100),
    progress_details    jsonb,
    result              jsonb,
    error_details       jsonb,
    deadline            timestamptz,
    scheduled_for       timestamptz,
    started_at          timestamptz,
    completed_at        timestamptz,
    retry_count         integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    max_retries         integer NOT NULL DEFAULT 3 CHECK (max_retries BETWEEN 0 AND 100),
    provider            text CHECK (provider IN
                        ('agents_api', 'openai_codex', 'github_copilot', 'google_code_assist', 'openai', 'anthropic')),
    provider_account_id uuid,
    lease_owner         text CHECK (char_length(lease_owner) BETWEEN 1 AND 200),
    lease_token         uuid,
    lease_expires_at    timestamptz,
    heartbeat_at        timestamptz,
    version             bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT tasks_started_once_begun CHECK (CASE status
        WHEN 'pending' THEN started_at IS NULL
        WHEN 'cancelled' THEN true
        ELSE started_at IS NOT NULL END),
    CONSTRAINT tasks_completed_in_final_states CHECK ((completed_at IS NOT NULL) = (status IN ('completed', 'cancelled'))),
    CONSTRAINT tasks_complete_after_start CHECK (completed_at >= started_at),
    CONSTRAINT tasks_failure_is_told CHECK (status <> 'failed' OR error_details IS NOT NULL),
    CONSTRAINT tasks_retries_are_bounded CHECK (retry_count <= max_retries),
    CONSTRAINT tasks_lease_is_whole CHECK (num_nonnulls(lease_owner, lease_token, lease_expires_at) IN (0, 3)),
    CONSTRAINT tasks_lease_only_at_work CHECK (lease_token IS NULL OR status IN ('in_progress', 'blocked')),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE SET NULL (agent_id),
    FOREIGN KEY (workspace_id, parent_task_id) REFERENCES tasks (workspace_id, id) ON DELETE SET NULL (parent_task_id),
    FOREIGN KEY (workspace_id, provider_account_id) REFERENCES provider_accounts (workspace_id, id)
        ON DELETE SET NULL (provider_account_id)
);
CREATE INDEX tasks_status ON tasks (workspace_id, status);
CREATE INDEX tasks_agent ON tasks (workspace_id, agent_id);
CREATE INDEX tasks_parent ON tasks (workspace_id, parent_task_id) WHERE parent_task_id IS NOT NULL;
CREATE INDEX tasks_account ON tasks (workspace_id, provider_account_id) WHERE provider_account_id IS NOT NULL;
CREATE INDEX tasks_lease_expiry ON tasks (lease_expires_at) WHERE lease_expires_at IS NOT NULL;
COMMENT ON TABLE tasks IS 'Work for agents. A worker holds a task by its lease; a lease past its expiry may be taken by another.';
COMMENT ON COLUMN tasks.status IS 'pending > in_progress, cancelled; in_progress > blocked, completed, failed; blocked > in_progress, cancelled; failed > pending (a retry, which clears started_at), cancelled; completed and cancelled are final';
COMMENT ON COLUMN tasks.previous_status IS 'the status before the last change of status';
COMMENT ON COLUMN tasks.created_by IS 'the user or API key; null: a schedule';
COMMENT ON COLUMN tasks.lease_token IS 'fencing token: every write of the holder names it';

ALTER TABLE agents ADD FOREIGN KEY (workspace_id, current_task_id) REFERENCES tasks (workspace_id, id)
    ON DELETE SET NULL (current_task_id);
CREATE INDEX agents_current_task ON agents (workspace_id, current_task_id) WHERE current_task_id IS NOT NULL;

CREATE TABLE task_dependencies (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id       uuid NOT NULL,
    task_id            uuid NOT NULL,
    depends_on_task_id uuid NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, task_id, depends_on_task_id),
    CONSTRAINT task_dependencies_not_itself CHECK (task_id <> depends_on_task_id),
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, depends_on_task_id) REFERENCES tasks (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX task_dependencies_waiting ON task_dependencies (workspace_id, depends_on_task_id);
COMMENT ON TABLE task_dependencies IS 'Which task waits for which. Longer circles than a task and itself are refused where rows are added.';

CREATE TABLE agent_sessions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    agent_id     uuid NOT NULL,
    task_id      uuid,
    status       text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'completed', 'failed', 'expired')),
    tokens_used  bigint NOT NULL DEFAULT 0 CHECK (tokens_used >= 0),
    tool_calls   integer NOT NULL DEFAULT 0 CHECK (tool_calls >= 0),
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT agent_sessions_ended_in_final_states CHECK ((ended_at IS NOT NULL) = (status <> 'active')),
    CONSTRAINT agent_sessions_end_after_start CHECK (ended_at >= started_at),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id),
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks (workspace_id, id) ON DELETE SET NULL (task_id)
);
CREATE INDEX agent_sessions_agent ON agent_sessions (workspace_id, agent_id, started_at);
CREATE INDEX agent_sessions_task ON agent_sessions (workspace_id, task_id) WHERE task_id IS NOT NULL;
COMMENT ON TABLE agent_sessions IS 'Executions of agents, which agent minutes are measured from.';
COMMENT ON COLUMN agent_sessions.status IS 'active: runs; completed, failed: ended by the agent; expired: its lease ran out';

CREATE TABLE messages (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id       uuid NOT NULL,
    from_agent         uuid,
    from_user          uuid,
    to_agent           uuid,
    to_user            uuid,
    task_id            uuid,
    subject            text CHECK (char_length(subject) <= 500),
    body               text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 50000),
    type               text NOT NULL DEFAULT 'direct' CHECK (type IN ('direct', 'broadcast', 'system', 'external_draft')),
    status             text NOT NULL DEFAULT 'pending'
                       CHECK (status IN ('pending', 'delivered', 'read', 'approved', 'rejected')),
    external_recipient text CHECK (char_length(external_recipient) BETWEEN 1 AND 320),
    approved_by        uuid,
    approved_at        timestamptz,
    rejection_reason   text CHECK (char_length(rejection_reason) <= 2000),
    read_at            timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT messages_sender_and_receiver CHECK (CASE type
        WHEN 'direct' THEN num_nonnulls(from_agent, from_user) = 1 AND num_nonnulls(to_agent, to_user) = 1
        WHEN 'system' THEN num_nonnulls(from_agent, from_user) = 0 AND num_nonnulls(to_agent, to_user) <= 1
        ELSE num_nonnulls(from_agent, from_user) = 1 AND num_nonnulls(to_agent, to_user) = 0 END),
    CONSTRAINT messages_outside_is_a_draft CHECK ((type = 'external_draft') = (external_recipient IS NOT NULL)),
    CONSTRAINT messages_only_drafts_are_judged CHECK (type = 'external_draft' OR status IN ('pending', 'delivered', 'read')),
    CONSTRAINT messages_approval_is_whole CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CONSTRAINT messages_sent_outside_after_approval CHECK (CASE
        WHEN type = 'external_draft' THEN (approved_at IS NOT NULL) = (status IN ('approved', 'delivered', 'read'))
        ELSE approved_at IS NULL END),
    CONSTRAINT messages_reason_of_rejection CHECK (rejection_reason IS NULL OR status = 'rejected'),
    CONSTRAINT messages_read_when_read CHECK ((read_at IS NOT NULL) = (status = 'read')),
    FOREIGN KEY (workspace_id, from_agent) REFERENCES agents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, to_agent) REFERENCES agents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks (workspace_id, id) ON DELETE SET NULL (task_id)
);
CREATE INDEX messages_created ON messages (workspace_id, created_at);
CREATE INDEX messages_from_agent ON messages (workspace_id, from_agent) WHERE from_agent IS NOT NULL;
CREATE INDEX messages_to_agent ON messages (workspace_id, to_agent, status) WHERE to_agent IS NOT NULL;
CREATE INDEX messages_task ON messages (workspace_id, task_id) WHERE task_id IS NOT NULL;
COMMENT ON TABLE messages IS 'Mail between agents and people, and drafts to the outside.';
COMMENT ON COLUMN messages.type IS 'direct: one to one; broadcast: to all of the workspace; system: from the platform; external_draft: to the outside, sent only once a person approved it';
COMMENT ON COLUMN messages.status IS 'pending: not delivered, or not judged; approved, rejected: a draft, judged; delivered; read';

CREATE TABLE schedules (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id    uuid NOT NULL,
    agent_id        uuid NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    cron_expression text NOT NULL CHECK (char_length(cron_expression) BETWEEN 1 AND 200),
    task_template   jsonb NOT NULL CHECK (jsonb_typeof(task_template) = 'object'),
    enabled         boolean NOT NULL DEFAULT true,
    last_run_at     timestamptz,
    next_run_at     timestamptz,
    failure_count   integer NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
    version         bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT schedules_disabled_has_no_next_run CHECK (enabled OR next_run_at IS NULL),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX schedules_agent ON schedules (workspace_id, agent_id);
CREATE INDEX schedules_due ON schedules (next_run_at) WHERE next_run_at IS NOT NULL;
COMMENT ON TABLE schedules IS 'Tasks that are made again and again, by a cron expression read in UTC.';
COMMENT ON COLUMN schedules.enabled IS 'false: makes no task and has no next run';

CREATE TABLE activity_logs (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    agent_id     uuid,
    task_id      uuid,
    action       text NOT NULL CHECK (char_length(action) BETWEEN 1 AND 100),
    details      jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE SET NULL (agent_id),
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks (workspace_id, id) ON DELETE SET NULL (task_id)
);
CREATE INDEX activity_logs_created ON activity_logs (workspace_id, created_at);
CREATE INDEX activity_logs_agent ON activity_logs (workspace_id, agent_id) WHERE agent_id IS NOT NULL;
CREATE INDEX activity_logs_task ON activity_logs (workspace_id, task_id) WHERE task_id IS NOT NULL;
COMMENT ON TABLE activity_logs IS 'What agents did, for people to read. Rows do not change; the audit trail is elsewhere.';

CREATE TABLE credential_proxies (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id        uuid NOT NULL,
    name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    service             text NOT NULL CHECK (char_length(service) BETWEEN 1 AND 100),
    provider_account_id uuid,
    secret_encrypted    bytea,
    allowed_agents      uuid[] NOT NULL DEFAULT '{}'
                        CHECK (cardinality(allowed_agents) <= 1000 AND array_position(allowed_agents, NULL) IS NULL),
    rotated_at          timestamptz,
    version             bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    UNIQUE (workspace_id, id),
    CONSTRAINT credential_proxies_one_secret CHECK (
        num_nonnulls(provider_account_id, secret_encrypted) = 1
        OR (deleted_at IS NOT NULL AND num_nonnulls(provider_account_id, secret_encrypted) = 0)),
    FOREIGN KEY (workspace_id, provider_account_id) REFERENCES provider_accounts (workspace_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX credential_proxies_name ON credential_proxies (workspace_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX credential_proxies_account ON credential_proxies (workspace_id, provider_account_id)
    WHERE provider_account_id IS NOT NULL;
COMMENT ON TABLE credential_proxies IS 'Named stand-ins for a secret, so that agents never hold a real key: an account or a secret of its own.';
COMMENT ON COLUMN credential_proxies.allowed_agents IS 'the agents that may use it; none by default';

CREATE TABLE provider_api_calls (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id           uuid NOT NULL,
    workspace_id        uuid NOT NULL,
    session_id          uuid,
    task_id             uuid,
    provider            text NOT NULL CHECK (provider IN
                        ('agents_api', 'openai_codex', 'github_copilot', 'google_code_assist', 'openai', 'anthropic')),
    model               text NOT NULL CHECK (char_length(model) BETWEEN 1 AND 200),
    operation           text NOT NULL CHECK (operation IN ('code_completion', 'code_refactoring', 'bug_fix',
                        'test_generation', 'documentation', 'code_review', 'other')),
    tokens_input        bigint NOT NULL DEFAULT 0 CHECK (tokens_input >= 0),
    tokens_output       bigint NOT NULL DEFAULT 0 CHECK (tokens_output >= 0),
    cost_usd            numeric(18,9) CHECK (cost_usd >= 0),
    baseline_cost_usd   numeric(18,9) CHECK (baseline_cost_usd >= 0),
    latency_ms          integer NOT NULL CHECK (latency_ms >= 0),
    success             boolean NOT NULL,
    error_message       text CHECK (char_length(error_message) <= 2000),
    "timestamp"         timestamptz NOT NULL DEFAULT now(),
    created_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT provider_api_calls_error_of_failure CHECK (error_message IS NULL OR NOT success),
    FOREIGN KEY (workspace_id, session_id) REFERENCES agent_sessions (workspace_id, id) ON DELETE SET NULL (session_id),
    FOREIGN KEY (workspace_id, task_id) REFERENCES tasks (workspace_id, id) ON DELETE SET NULL (task_id)
);
CREATE INDEX provider_api_calls_tenant ON provider_api_calls (tenant_id, "timestamp");
CREATE INDEX provider_api_calls_provider ON provider_api_calls (provider, "timestamp");
CREATE INDEX provider_api_calls_task ON provider_api_calls (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX provider_api_calls_session ON provider_api_calls (session_id) WHERE session_id IS NOT NULL;
COMMENT ON TABLE provider_api_calls IS 'The ledger: one row per call to an LLM provider. No prompt and no completion is stored.';
COMMENT ON COLUMN provider_api_calls.cost_usd IS 'US dollars; null: the price was not known, which is not zero';
COMMENT ON COLUMN provider_api_calls.session_id IS 'null: a direct call through the gateway';
COMMENT ON COLUMN provider_api_calls.success IS 'whether the provider answered; a failed call may still have cost';

CREATE TABLE daily_metrics (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id           uuid NOT NULL,
    workspace_id        uuid NOT NULL,
    date                date NOT NULL,
    provider            text CHECK (provider IN
                        ('agents_api', 'openai_codex', 'github_copilot', 'google_code_assist', 'openai', 'anthropic')),
    agent_id            uuid,
    total_calls         bigint NOT NULL DEFAULT 0 CHECK (total_calls >= 0),
    successful_calls    bigint NOT NULL DEFAULT 0 CHECK (successful_calls BETWEEN 0 AND total_calls),
    total_cost_usd      numeric(24,9) NOT NULL DEFAULT 0 CHECK (total_cost_usd >= 0),
    total_tokens_input  bigint NOT NULL DEFAULT 0 CHECK (total_tokens_input >= 0),
    total_tokens_output bigint NOT NULL DEFAULT 0 CHECK (total_tokens_output >= 0),
    avg_latency_ms      numeric(14,3) CHECK (avg_latency_ms >= 0),
    tasks_completed     bigint NOT NULL DEFAULT 0 CHECK (tasks_completed >= 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    -- With the workspace: without it one workspace's row would refuse, and so tell, another's.
    CONSTRAINT daily_metrics_bucket UNIQUE NULLS NOT DISTINCT (tenant_id, workspace_id, date, provider, agent_id),
    CONSTRAINT daily_metrics_latency_of_calls CHECK (avg_latency_ms IS NULL OR total_calls > 0)
);
COMMENT ON TABLE daily_metrics IS 'The ledger summed by day (UTC), provider and agent; null provider or agent: not attributed. Can be computed again from the ledger.';
COMMENT ON COLUMN daily_metrics.agent_id IS 'no foreign key: the sums outlive the agent';

CREATE TABLE roi_calculations (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id               uuid NOT NULL,
    workspace_id            uuid NOT NULL,
    period_start            timestamptz NOT NULL,
    period_end              timestamptz NOT NULL,
    actual_cost_usd         numeric(24,9) NOT NULL CHECK (actual_cost_usd >= 0),
    baseline_cost_usd       numeric(24,9) NOT NULL CHECK (baseline_cost_usd >= 0),
    savings_usd             numeric(24,9) NOT NULL,
    savings_percent         numeric(16,4) NOT NULL,
    tasks_completed         bigint NOT NULL DEFAULT 0 CHECK (tasks_completed >= 0),
    optimal_routing_percent numeric(7,4) CHECK (optimal_routing_percent BETWEEN 0 AND 100),
    calculated_at           timestamptz NOT NULL DEFAULT now(),
    created_at              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CONSTRAINT roi_calculations_period CHECK (period_end > period_start),
    CONSTRAINT roi_calculations_savings CHECK (savings_usd = baseline_cost_usd - actual_cost_usd),
    CONSTRAINT roi_calculations_percent_of_nothing CHECK (baseline_cost_usd > 0 OR savings_percent = 0)
);
CREATE INDEX roi_calculations_period ON roi_calculations (tenant_id, period_start, period_end);
COMMENT ON TABLE roi_calculations IS 'Actual against baseline cost of a period [start, end). Savings may be negative.';
COMMENT ON COLUMN roi_calculations.optimal_routing_percent IS 'null: no routed successful call in the period';
