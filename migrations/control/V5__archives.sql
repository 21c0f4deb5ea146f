-- Archives of tenants on their way in: taken by the server, which owns no schema, and loaded by the worker, which does.

CREATE TABLE archives (
    id         uuid PRIMARY KEY,
    state      varchar(20) NOT NULL CHECK (state IN ('uploading', 'complete')),
    bytes      bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    sha256     text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    head       jsonb,
    created_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    CHECK ((state = 'complete') = (sha256 IS NOT NULL AND head IS NOT NULL))
);
CREATE INDEX archives_uploading_idx ON archives (touched_at) WHERE state = 'uploading';
COMMENT ON TABLE archives IS 'Uploaded archives that a run will load. Removed with the run''s end.';
COMMENT ON COLUMN archives.state IS 'uploading: not all there, not believed. complete: checked from end to end.';
COMMENT ON COLUMN archives.sha256 IS 'Of the whole archive.';
COMMENT ON COLUMN archives.head IS 'archive.json of the archive: whose it is, and what it was made from.';
COMMENT ON COLUMN archives.touched_at IS 'When the last bytes came. An upload that fell silent is swept.';

CREATE TABLE archive_chunks (
    archive_id uuid NOT NULL REFERENCES archives (id) ON DELETE CASCADE,
    position   integer NOT NULL CHECK (position >= 0),
    data       bytea NOT NULL CHECK (octet_length(data) BETWEEN 1 AND 1048576),
    PRIMARY KEY (archive_id, position)
);
-- Rows live for minutes: the time to compress them would be lost.
ALTER TABLE archive_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE archive_chunks IS 'The bytes of an archive, a mebibyte at a time, so that neither server nor worker ever holds the whole.';

CREATE TABLE archive_workspaces (
    archive_id   uuid NOT NULL REFERENCES archives (id) ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    new_id       uuid NOT NULL UNIQUE,
    PRIMARY KEY (archive_id, workspace_id)
);
COMMENT ON TABLE archive_workspaces IS 'Which id each workspace of an archive gets here: its own where all of them are free, else all get new ones. Decided once, so that every retry decides the same.';

INSERT INTO locks VALUES ('archive_ids');
