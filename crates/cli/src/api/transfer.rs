//! Bodies that are too long to hold: an archive on its way down or up.
//!
//! Owns: nothing. Calls: ureq. Called by: `commands::archive`.
//! Invariants: a stream may last, but not be silent for longer than an event stream may (`api`). After a crash: nothing is left.

use super::{Answer, Api, SILENCE, idempotency_key, location};
use crate::outcome::Failure;
use serde::de::DeserializeOwned;
use std::{fs::File, io::Read, time::Duration};
use ureq::http::header;

/// How long an upload and the answer to it may take; the server has less patience.
const UPLOAD: Duration = Duration::from_hours(2);

impl Api<'_> {
    /// POST without a body, for an answer of the type `kind` that is read as it comes.
    pub(crate) fn download(&self, path: &str, kind: &str) -> Result<impl Read + use<>, Failure> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base()))
            .config()
            .timeout_per_read(Some(SILENCE))
            .build()
            .header(header::ACCEPT, kind)
            .header("idempotency-key", idempotency_key()?);
        if let Some(bearer) = self.bearer()? {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let answer = request.send_empty().map_err(|error| self.broken(error))?;
        let location = location(&answer);
        if answer.status().is_success() {
            return Ok(answer.into_body().into_with_config().limit(u64::MAX).reader());
        }
        let (status, text) = self.text(answer)?;
        Err(self.refusal(status, location.as_deref(), text))
    }

    /// POST of a file.
    pub(crate) fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        file: &File,
    ) -> Result<Answer<T>, Failure> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base()))
            .config()
            .timeout_global(Some(UPLOAD))
            .build()
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, kind)
            .header("idempotency-key", idempotency_key()?);
        if let Some(bearer) = self.bearer()? {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let answer = request.send(file).map_err(|error| {
            self.broken(error).next("it may have been done all the same: look before you try again")
        })?;
        let location = location(&answer);
        let (status, text) = self.text(answer)?;
        self.accept(status, location.as_deref(), text, path)
    }
}
