//! HTTP API, configuration, telemetry and the wiring of the server, worker and dev commands.
