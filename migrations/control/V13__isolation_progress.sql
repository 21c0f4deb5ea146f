-- How far a proof of isolation is, while a worker is at it.

ALTER TABLE isolation_reports ADD COLUMN progress jsonb CHECK (progress IS NULL OR status = 'running');
COMMENT ON COLUMN isolation_reports.progress IS 'While it runs: layer, parts done and in all, checks, attempts, refusals, what is open so far.';
