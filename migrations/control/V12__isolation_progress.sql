-- How far a proof of isolation is, while a worker is at it. What a worker that knows nothing of it leaves behind is not shown, and keeps no report from its end.

ALTER TABLE isolation_reports ADD COLUMN progress jsonb;
COMMENT ON COLUMN isolation_reports.progress IS 'While it runs: layer, parts done and in all, checks, attempts, refusals, what is open so far.';
