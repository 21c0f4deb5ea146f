-- Where the world is not as the registry says, and nobody but a person can tell which of the two is right.

CREATE TABLE findings (
    kind          varchar(40) NOT NULL,
    name          text NOT NULL,
    detail        text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE findings IS 'What the reconciler found at its last look and does not mend by itself. Gone from here when it is gone.';
