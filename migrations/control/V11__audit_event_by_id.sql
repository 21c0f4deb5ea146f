-- One event is asked for by its id, by operators and by whoever may read the trail of a tenant.
CREATE INDEX audit_events_id_idx ON audit_events (id);
