//! How a command ends: exit codes, and errors that say what to do next.
//!
//! Owns: the meaning of exit codes, the shape of errors on standard error. Calls: style. Called by: every command.
//! Invariants: a problem response keeps every word of the server (`a_problem_is_shown_whole`); what is not a problem is
//! said to be none (`an_answer_that_is_no_problem_is_named`); text of others cannot steer the terminal
//! (`control_characters_do_not_reach_the_terminal` in `render`). After a crash: nothing is left.

use crate::{
    args::Output,
    render::clean,
    style::{Ink, paint},
};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Write},
    ops::Deref,
};
use tenantry_types::run::RunStatus;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0
    Done,
    /// 1
    Failed,
    /// 2: the command line or its values are wrong.
    Usage,
    /// 3: failed, and nothing of it is left.
    Undone,
    /// 4: a person has to look.
    Person,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Undone => 3,
            Self::Person => 4,
        }
    }

    /// How a command ends that waited for a run; a run that has not ended counts as failed.
    pub(crate) fn of_run(status: RunStatus) -> Self {
        match status {
            RunStatus::Succeeded => Self::Done,
            RunStatus::RolledBack => Self::Undone,
            RunStatus::NeedsAttention => Self::Person,
            RunStatus::Pending | RunStatus::Running | RunStatus::RollingBack => Self::Failed,
        }
    }
}

/// Why a command failed. Boxed, because it travels in every result and is rarely there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.detail)]
pub(crate) struct Failure(Box<Reason>);

/// What is known of a failure. Printed as JSON it has the members of a problem response; one that arose on this side of
/// the wire has no `status`, and one of these codes: `unreachable`, `connection_lost`, `not_understood`, `no_problem`,
/// `no_token`, `session_over`, `not_confirmed`, `not_asked`, `bad_settings`, `broken_archive`, `psql_missing`, `psql_failed`, `still_running`, `rolled_back`, `needs_attention`, `io`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    #[serde(rename = "type")]
    kind: &'static str,
    pub code: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next_steps: Vec<String>,
    #[serde(skip)]
    fields: Vec<(String, String)>,
    #[serde(skip)]
    request_id: Option<String>,
    #[serde(skip)]
    pub exit: Exit,
    /// Of the server's answer, where there was one.
    #[serde(skip)]
    pub status: Option<u16>,
    /// What the server sent.
    #[serde(skip)]
    body: Option<String>,
    /// Whether the same request may succeed a moment later.
    #[serde(skip)]
    pub passing: bool,
}

impl Deref for Failure {
    type Target = Reason;
    fn deref(&self) -> &Reason {
        &self.0
    }
}

/// A problem response as a client should read it: a newer server may send codes that this version does not know.
#[derive(Deserialize)]
struct Received {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    code: String,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    errors: Vec<ReceivedField>,
    #[serde(default)]
    next_steps: Vec<String>,
}

#[derive(Deserialize)]
struct ReceivedField {
    pointer: String,
    detail: String,
}

impl Failure {
    /// A failure on this side of the wire.
    pub(crate) fn local(code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Reason {
            kind: "about:blank",
            code: code.to_owned(),
            detail: detail.into(),
            next_steps: Vec::new(),
            fields: Vec::new(),
            request_id: None,
            exit: Exit::Failed,
            status: None,
            body: None,
            passing: false,
        }))
    }

    /// Adds what the reader can do now.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        self.0.next_steps.push(step.into());
        self
    }

    /// Sets the exit code.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// Says that the same request may succeed a moment later.
    pub(crate) fn passing(mut self) -> Self {
        self.0.passing = true;
        self
    }

    /// The failure that an answer with status 300 or above stands for.
    pub(crate) fn of_answer(base: &str, status: u16, location: Option<&str>, body: String) -> Self {
        let mut failure = if let Ok(problem) = serde_json::from_str::<Received>(&body) {
            let detail = if problem.detail.is_empty() { problem.title } else { problem.detail };
            let mut failure = Self::local(&problem.code, detail);
            failure.0.fields =
                problem.errors.into_iter().map(|field| (field.pointer, field.detail)).collect();
            failure.0.next_steps = problem.next_steps;
            failure.0.request_id = problem.request_id;
            failure.0.body = Some(body);
            failure
        } else if let Some(location) = location {
            Self::local("no_problem", format!("{base} redirects to {location}"))
                .next("set TENANTRY_URL to where the API is")
        } else {
            Self::local("no_problem", format!("{base} answered {status} and did not say why"))
                .next("check that TENANTRY_URL names a Tenantry server; a proxy in between may have answered")
        };
        failure.0.status = Some(status);
        failure.0.exit = if matches!(status, 400 | 422) { Exit::Usage } else { Exit::Failed };
        failure.0.passing = status >= 500 || status == 429;
        failure
    }

    /// Whether the reader went away, as `head` does: nothing to report.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.code == "closed_pipe"
    }

    /// Prints it on standard error.
    pub(crate) fn print(&self, output: Output, colour: bool, err: &mut dyn Write) -> io::Result<()> {
        if output == Output::Json {
            let json = self.body.clone().map_or_else(|| serde_json::to_string(&self.0), Ok)?;
            return writeln!(err, "{}", json.trim_end());
        }
        writeln!(err, "{} {}", paint("error:", Ink::Bad, colour), clean(&self.detail))?;
        for (pointer, detail) in &self.fields {
            writeln!(err, "  {}: {}", clean(pointer), clean(detail))?;
        }
        for step in &self.next_steps {
            writeln!(err, "{} {}", paint("next:", Ink::Good, colour), clean(step))?;
        }
        if let Some(id) = &self.request_id {
            writeln!(err, "{} {}", paint("request id:", Ink::Dim, colour), clean(id))?;
        }
        Ok(())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::local("closed_pipe", "nobody reads the output").exit(Exit::Done);
        }
        Self::local("io", format!("the output could not be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(failure: &Failure, output: Output) -> String {
        let mut text = Vec::new();
        failure.print(output, false, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    const PROBLEM: &str = r#"{"type":"https://tenantry.dev/problems/invalid","title":"Some fields are not valid","status":422,
"detail":"2 fields are not valid","code":"invalid","request_id":"req-7","errors":[
{"pointer":"/slug","code":"too_short","detail":"a slug has at least 3 characters"},
{"pointer":"/admin_email","code":"format","detail":"must be an e-mail address"}],"next_steps":["correct the fields"]}"#;

    #[test]
    fn a_problem_is_shown_whole() {
        let failure = Failure::of_answer("http://server", 422, None, PROBLEM.to_owned());
        assert_eq!(failure.exit, Exit::Usage);
        insta::assert_snapshot!(shown(&failure, Output::Table), @r"
        error: 2 fields are not valid
          /slug: a slug has at least 3 characters
          /admin_email: must be an e-mail address
        next: correct the fields
        request id: req-7
        ");
        assert_eq!(shown(&failure, Output::Json), format!("{PROBLEM}\n"));
    }

    #[test]
    fn a_code_of_a_newer_server_is_no_obstacle() {
        let body = r#"{"code":"quota_exceeded","title":"Quota","detail":"agents: 10 of 10 used"}"#;
        let failure = Failure::of_answer("http://server", 402, None, body.to_owned());
        assert_eq!((failure.exit, failure.passing), (Exit::Failed, false));
        assert_eq!(shown(&failure, Output::Table), "error: agents: 10 of 10 used\n");
    }

    #[test]
    fn an_answer_that_is_no_problem_is_named() {
        let bad_gateway = Failure::of_answer("http://server", 502, None, "<html>".to_owned());
        assert!(bad_gateway.passing);
        insta::assert_snapshot!(shown(&bad_gateway, Output::Table), @r"
        error: http://server answered 502 and did not say why
        next: check that TENANTRY_URL names a Tenantry server; a proxy in between may have answered
        ");
        let moved = Failure::of_answer("http://server", 301, Some("https://server/"), String::new());
        insta::assert_snapshot!(shown(&moved, Output::Json), @r#"{"type":"about:blank","code":"no_problem","detail":"http://server redirects to https://server/","next_steps":["set TENANTRY_URL to where the API is"]}"#);
    }

    #[test]
    fn a_reader_who_leaves_is_no_error() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.is_closed_pipe() && failure.exit == Exit::Done);
        assert!(!Failure::from(io::Error::from(io::ErrorKind::StorageFull)).is_closed_pipe());
    }
}
