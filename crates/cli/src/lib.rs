//! The commands that are clients of the HTTP API.
