-- People: who they are, where they are members, how they prove it, and what they may be let into.

CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             varchar(254) NOT NULL UNIQUE CHECK (email = lower(email)),
    name              varchar(200) NOT NULL CHECK (length(name) >= 1),
    email_verified_at timestamptz,
    password_hash     text,
    password_set_at   timestamptz,
    disabled_at       timestamptz,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CHECK ((password_hash IS NULL) = (password_set_at IS NULL))
);
COMMENT ON TABLE users IS 'People, once each, whatever tenants they are members of.';
COMMENT ON COLUMN users.email IS 'ASCII and in lower case, so that one mailbox is one user and no look-alike is another.';
COMMENT ON COLUMN users.password_hash IS 'PHC string of argon2id; NULL: signs in with an external issuer, or has not set one.';
COMMENT ON COLUMN users.disabled_at IS 'From then on no sign-in and no token works.';

CREATE TABLE external_identities (
    issuer       text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject      text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id      uuid REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (issuer, subject),
    CHECK (user_id IS NOT NULL OR ended_at IS NOT NULL)
);
CREATE INDEX external_identities_user_idx ON external_identities (user_id);
COMMENT ON TABLE external_identities IS 'Users as other issuers know them.';
COMMENT ON COLUMN external_identities.user_id IS 'NULL: the issuer ended somebody who never came here, or the user was erased here.';
COMMENT ON COLUMN external_identities.ended_at IS 'The issuer said that the person is gone: no token works any more, however long it would last.';

CREATE TABLE external_organisations (
    issuer       text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    organisation text NOT NULL CHECK (length(organisation) BETWEEN 1 AND 255),
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    PRIMARY KEY (issuer, organisation)
);
CREATE UNIQUE INDEX external_organisations_tenant_idx ON external_organisations (issuer, tenant_id) WHERE ended_at IS NULL;
CREATE INDEX external_organisations_tenant_id_idx ON external_organisations (tenant_id);
COMMENT ON TABLE external_organisations IS 'Which tenant an organisation of another issuer is. Learned once: a slug that changes there moves nobody here.';
COMMENT ON COLUMN external_organisations.ended_at IS 'The issuer said that the organisation is gone: it lets nobody in any more.';

-- What refuses a write in its own transaction: see core, tenancy.
ALTER TABLE tenants
    ADD COLUMN access_version   bigint NOT NULL DEFAULT 1 CHECK (access_version >= 1),
    ADD COLUMN access_published bigint NOT NULL DEFAULT 1 CHECK (access_published >= 1),
    ADD COLUMN domain_join_role varchar(20) CHECK (domain_join_role IN ('viewer', 'member'));
CREATE INDEX tenants_unpublished_idx ON tenants (id) WHERE access_published < access_version;
COMMENT ON COLUMN tenants.access_version IS 'Grows with every change of who may do what in the tenant, in the transaction of the change.';
COMMENT ON COLUMN tenants.access_published IS 'The version that the tenant''s own schema knows, as far as is known here. What lags is published again by the reconciler.';
COMMENT ON COLUMN tenants.domain_join_role IS 'What people of allowed_domains may join as, by themselves, in the default workspace; NULL: they may not.';

CREATE TABLE memberships (
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role         varchar(20) NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    version      bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    managed_by   text,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, workspace_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX memberships_workspace_idx ON memberships (tenant_id, workspace_id, created_at, user_id);
CREATE INDEX memberships_place_idx ON memberships (workspace_id, role);
COMMENT ON TABLE memberships IS 'Who is what in which workspace.';
COMMENT ON COLUMN memberships.version IS 'Grows with every change of the role, and never comes again, also for who goes and returns; the entity tag of the API.';
COMMENT ON COLUMN memberships.managed_by IS 'The external issuer that says so with each of its tokens; NULL: managed here.';

CREATE TABLE former_members (
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version      bigint NOT NULL CHECK (version >= 1),
    barred_at    timestamptz,
    PRIMARY KEY (user_id, workspace_id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX former_members_workspace_idx ON former_members (tenant_id, workspace_id);
COMMENT ON TABLE former_members IS 'Who was a member of which workspace.';
COMMENT ON COLUMN former_members.version IS 'The last one of the membership: who returns goes on from there.';
COMMENT ON COLUMN former_members.barred_at IS 'Removed by somebody else then: does not join by domain until an invitation leads back; NULL: went by themselves, or is back.';

CREATE TABLE external_memberships (
    issuer       text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject      text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    organisation text NOT NULL CHECK (length(organisation) BETWEEN 1 AND 255),
    as_of        timestamptz NOT NULL,
    ended        boolean NOT NULL,
    event_at     timestamptz,
    PRIMARY KEY (issuer, subject, organisation)
);
COMMENT ON TABLE external_memberships IS 'What other issuers said last of who is in which organisation.';
COMMENT ON COLUMN external_memberships.as_of IS 'When it was said. A token from before changes nothing any more.';
COMMENT ON COLUMN external_memberships.ended IS 'The membership was ended there; only a later word begins it again.';
COMMENT ON COLUMN external_memberships.event_at IS 'When the latest event happened that was told of it, by the issuer''s clock. One from before changes nothing.';

ALTER TABLE invitations
    ADD COLUMN invited_by uuid REFERENCES users (id) ON DELETE SET NULL,
    ADD COLUMN mailed     boolean NOT NULL DEFAULT false,
    ADD COLUMN used_by    uuid REFERENCES users (id) ON DELETE SET NULL,
    ADD COLUMN revoked_at timestamptz,
    ADD CHECK (used_at IS NULL OR revoked_at IS NULL);
CREATE INDEX invitations_email_idx ON invitations (lower(email));
CREATE INDEX invitations_place_idx ON invitations (workspace_id);
CREATE INDEX invitations_invited_by_idx ON invitations (invited_by);
CREATE INDEX invitations_used_by_idx ON invitations (used_by);
CREATE INDEX invitations_made_idx ON invitations (tenant_id, created_at);
COMMENT ON COLUMN invitations.mailed IS 'The link went by mail to its address and nowhere else: who comes with it has that mailbox.';

CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          varchar(20) NOT NULL CHECK (kind IN ('token', 'cookie')),
    cookie_hash   bytea UNIQUE CHECK (length(cookie_hash) = 32),
    as_operator   boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at    timestamptz,
    revoked_why   varchar(20) CHECK (revoked_why IN ('logout', 'revoked', 'reuse', 'password', 'disabled', 'erased')),
    address       inet,
    user_agent    varchar(300),
    CHECK ((kind = 'cookie') = (cookie_hash IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_why IS NULL))
);
CREATE INDEX sessions_user_idx ON sessions (user_id, created_at);
CREATE INDEX sessions_expires_idx ON sessions (expires_at);
COMMENT ON TABLE sessions IS 'One for each sign-in: a family of refresh tokens, or a browser''s cookie.';
COMMENT ON COLUMN sessions.as_operator IS 'The user signed in as an operator of the platform, and is that where no tenant is named.';
COMMENT ON COLUMN sessions.expires_at IS 'Moves on with use, up to the most that a session lasts.';
COMMENT ON COLUMN sessions.seen_at IS 'Coarse: written when it is more than some minutes old.';

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session_idx ON refresh_tokens (session_id);
COMMENT ON TABLE refresh_tokens IS 'SHA-256 of each. One that comes a second time ends its session, which is its family.';

CREATE TABLE one_time_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    varchar(20) NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    email      varchar(254) NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at    timestamptz
);
CREATE INDEX one_time_tokens_user_idx ON one_time_tokens (user_id, purpose);
COMMENT ON COLUMN one_time_tokens.email IS 'The address that the link went to. It proves nothing once the user has another.';

CREATE TABLE sign_in_failures (
    subject    varchar(80) PRIMARY KEY,
    failures   integer NOT NULL CHECK (failures >= 1),
    last_at    timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX sign_in_failures_last_idx ON sign_in_failures (last_at);
COMMENT ON TABLE sign_in_failures IS 'Failed attempts to sign in, by account and by address. No account need exist: unknown ones back off alike.';
COMMENT ON COLUMN sign_in_failures.subject IS 'account:, address: or link: (asks for links by mail) and a keyed hash; the table tells nobody who tried.';

CREATE TABLE signing_keys (
    id           varchar(40) PRIMARY KEY,
    algorithm    varchar(10) NOT NULL CHECK (algorithm = 'EdDSA'),
    public_key   bytea NOT NULL CHECK (length(public_key) = 32),
    private_key  bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    signs_from   timestamptz NOT NULL,
    signs_until  timestamptz,
    expires_at   timestamptz,
    CHECK ((signs_until IS NULL) = (expires_at IS NULL))
);
COMMENT ON TABLE signing_keys IS 'Keys that access tokens are signed with.';
COMMENT ON COLUMN signing_keys.private_key IS 'Sealed: see core, secrets.';
COMMENT ON COLUMN signing_keys.signs_from IS 'Published before that, so that verifiers know it when its first token comes.';
COMMENT ON COLUMN signing_keys.expires_at IS 'Published until then: the last token that it signed has ended.';

CREATE TABLE operators (
    user_id     uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    role        varchar(20) NOT NULL CHECK (role IN ('auditor', 'support', 'admin')),
    failures    integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    locked_at   timestamptz,
    version     bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    removed_at  timestamptz
);
COMMENT ON TABLE operators IS 'Users of the platform itself. No operator is a member of a tenant by being one.';
COMMENT ON COLUMN operators.locked_at IS 'After five failed sign-ins in a row; another admin unlocks, or the command line.';
COMMENT ON COLUMN operators.version IS 'Grows with every change by another operator; the entity tag of the API.';

CREATE TABLE access_grants (
    id           uuid PRIMARY KEY,
    operator     text NOT NULL,
    operator_id  uuid REFERENCES users (id) ON DELETE SET NULL,
    tenant_id    uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    role         varchar(20) NOT NULL CHECK (role IN ('viewer', 'member', 'admin')),
    reason       varchar(500) NOT NULL CHECK (length(reason) >= 1),
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at),
    ended_at     timestamptz,
    ended_by     text,
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id) ON DELETE CASCADE,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX access_grants_operator_idx ON access_grants (operator_id);
CREATE INDEX access_grants_tenant_idx ON access_grants (tenant_id, created_at, id);
COMMENT ON TABLE access_grants IS 'Break-glass: an operator in a tenant''s workspace, for a reason and a while. The tenant''s owner sees them.';

ALTER TABLE api_keys
    ADD COLUMN created_by   uuid REFERENCES users (id) ON DELETE SET NULL,
    ADD COLUMN scopes       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN replaced_by  uuid REFERENCES api_keys (id) ON DELETE SET NULL;
CREATE INDEX api_keys_created_by_idx ON api_keys (created_by);
COMMENT ON COLUMN api_keys.created_by IS 'The member who made it; NULL: an operator did, or it came with the tenant. A key outlives its maker''s membership, and whoever removes a member is told of their keys.';
COMMENT ON COLUMN api_keys.scopes IS 'What the key is confined to, beside its role; empty: all that the role may.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Coarse: written when it is more than some minutes old.';

CREATE TABLE mails (
    id         uuid PRIMARY KEY,
    tenant_id  uuid DEFAULT nullif(current_setting('tenantry.tenant_id', true), '')::uuid,
    recipient  varchar(254) NOT NULL,
    subject    varchar(200) NOT NULL,
    body       bytea,
    status     varchar(20) NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error      text,
    run_at     timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    CHECK ((status = 'pending') = (ended_at IS NULL)),
    CHECK ((status = 'pending') = (body IS NOT NULL))
);
CREATE INDEX mails_recipient_idx ON mails (lower(recipient));
CREATE INDEX mails_due_idx ON mails ((tenant_id IS NOT NULL), run_at) WHERE status = 'pending';
COMMENT ON TABLE mails IS 'Mail that the worker sends. Written with the deed that it tells of.';
COMMENT ON COLUMN mails.tenant_id IS 'Of mail that a tenant''s people and those who ask to join it cause; sent after everybody else''s. For a tenant''s own login set from the transaction, and confined to it.';
COMMENT ON COLUMN mails.body IS 'Sealed, since it may hold a link that opens a door; gone once the mail is.';

CREATE TABLE webhook_deliveries (
    source      varchar(100) NOT NULL,
    id          varchar(200) NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX webhook_deliveries_received_idx ON webhook_deliveries (received_at);
COMMENT ON TABLE webhook_deliveries IS 'Deliveries of other systems that were dealt with: each is done once.';

-- A tenant's own identities make things in `public` too; their records are the tenant's.
ALTER TABLE idempotency_keys
    ADD COLUMN tenant_id uuid DEFAULT nullif(current_setting('tenantry.tenant_id', true), '')::uuid;
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'Of method, path and body, under a key that is derived from the master key: another request under the same key is refused.';
COMMENT ON COLUMN idempotency_keys.tenant_id IS 'Of a tenant''s own identity. Set from the transaction, and confined to it.';
