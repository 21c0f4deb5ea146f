//! Requests of the proof, and what came back.
//!
//! Owns: nothing. Calls: the router. Called by: proof.
//! Invariants: two answers are compared without what names the one request, and with everything else (`answers_are_compared_but_for_the_id`); a live stream is heard for a moment (`a_stream_without_end_is_heard_for_a_moment`); every request carries the
//! mark of the proof, which no client can send (`a_proof_over_http_is_no_alarm`). After a crash: nothing is left.

use crate::http::middleware::OfTheProof;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Method, Request, header},
};
use futures_util::StreamExt as _;
use serde_json::Value;
use std::{fmt, time::Duration};
use tenantry_core::{Error, Result, ctx::Ctx};
use tower::ServiceExt as _;

/// How long an answer may take, its body included: longer than the API's own limit.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a live stream is listened to: what it tells at once is looked at, and it has no end.
const LISTEN: Duration = Duration::from_secs(1);

/// Most bytes of an answer.
const LARGEST: usize = 16 << 20;

/// Headers that differ from one request to the next, whatever is asked.
const OF_THE_MOMENT: &[&str] = &["x-request-id", "traceparent", "date", "retry-after"];

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None, headers: Vec::new() }
    }

    pub(super) fn body(mut self, body: Option<Value>) -> Self {
        self.body = body;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this address in the body.
    pub(super) fn to(mut self, email: &str) -> Self {
        if let Some(Value::Object(body)) = &mut self.body {
            body.insert("email".to_owned(), Value::from(email));
        }
        self
    }

    /// Whether the text is in the request.
    pub(super) fn says(&self, text: &str) -> bool {
        self.path.contains(text)
            || self.headers.iter().any(|(_, value)| value.contains(text))
            || self.body.as_ref().is_some_and(|body| body.to_string().contains(text))
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (name, value) in &self.headers {
            write!(f, " with {name}: {value}")?;
        }
        Ok(())
    }
}

impl Answer {
    pub(super) fn holds(&self, text: &str) -> bool {
        self.body.contains(text) || self.headers.iter().any(|(_, value)| value.contains(text))
    }

    /// With another word in place of what was asked for.
    pub(super) fn without(mut self, asked_for: &str) -> Self {
        let blank = |text: &str| text.replace(asked_for, "…");
        self.body = blank(&self.body);
        for (_, value) in &mut self.headers {
            *value = blank(value);
        }
        self
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// What differs, for evidence.
    pub(super) fn against(&self, other: &Self) -> String {
        if self.status != other.status {
            return format!("{} instead of {}", self.status, other.status);
        }
        let what = if self.body == other.body { "headers" } else { "words" };
        format!("{} in other {what}", self.status)
    }
}

/// Sends requests.
pub(super) struct Talk {
    router: Router,
    ctx: Ctx,
    /// The same for all, so that it makes no difference between two answers.
    request_id: String,
}

impl Talk {
    pub(super) fn new(router: Router, ctx: Ctx, request_id: String) -> Self {
        Self { router, ctx, request_id }
    }

    pub(super) async fn ask(&self, token: Option<&str>, asked: &Asked) -> Result<Answer> {
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(&asked.path)
            .header("x-request-id", &self.request_id)
            .extension(OfTheProof);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if asked.method == Method::POST {
            request = request.header("idempotency-key", self.ctx.uuid().to_string());
        }
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        let body = match &asked.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| unasked(asked, &error))?;
        let answering = async {
            let answer = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (parts, body) = answer.into_parts();
            let live =
                parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
            let bytes = if live { begin(body).await } else { to_bytes(body, LARGEST).await };
            Ok::<_, Error>((parts, bytes.map_err(|error| unasked(asked, &error))?))
        };
        let answered = tokio::time::timeout(PATIENCE, answering).await;
        let (parts, bytes) = answered.map_err(|late| unasked(asked, &late))??;
        let mut headers: Vec<_> = parts
            .headers
            .iter()
            .filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort_unstable();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// The same where it has to succeed, since the proof cannot go on without.
    pub(super) async fn have(&self, token: Option<&str>, asked: &Asked) -> Result<Value> {
        let answer = self.ask(token, asked).await?;
        if !(200..300).contains(&answer.status) {
            // The body of a refusal holds no secret; that of the request might.
            return Err(Error::Fault(format!("{asked} answered {}: {}", answer.status, answer.body)));
        }
        Ok(answer.json())
    }
}

/// What a stream tells at once.
async fn begin(body: Body) -> std::result::Result<Bytes, axum::Error> {
    let (mut body, mut told) = (body.into_data_stream(), Vec::new());
    let listening = async {
        while let Some(more) = body.next().await {
            told.extend_from_slice(&more?);
            if told.len() > LARGEST {
                break;
            }
        }
        Ok(())
    };
    // That the time is over is how it ends.
    tokio::time::timeout(LISTEN, listening).await.unwrap_or(Ok(()))?;
    Ok(told.into())
}

fn unasked(asked: &Asked, why: &dyn fmt::Display) -> Error {
    Error::Fault(format!("{asked} could not be asked: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{extract::Path, routing::get};

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_end_is_heard_for_a_moment() {
        let told = || async {
            let first = futures_util::stream::iter([Ok::<_, std::convert::Infallible>("data: one\n\n")]);
            let body = Body::from_stream(first.chain(futures_util::stream::pending()));
            ([("content-type", "text/event-stream")], body)
        };
        let talk = Talk::new(Router::new().route("/events", get(told)), Ctx::system(), "r-1".to_owned());
        let answer = talk.ask(None, &Asked::new(Method::GET, "/events")).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "data: one\n\n"));
    }

    #[tokio::test]
    async fn answers_are_compared_but_for_the_id() {
        let told = |Path(id): Path<String>| async move {
            ([("traceparent", id.clone()), ("x-told", "yes".to_owned())], format!("no {id}"))
        };
        let router = Router::new().route("/things/{id}", get(told));
        let talk = Talk::new(router, Ctx::system(), "r-1".to_owned());
        let mut answers = Vec::new();
        for id in ["one", "two"] {
            let asked = Asked::new(Method::GET, format!("/things/{id}"));
            answers.push(talk.ask(None, &asked).await.unwrap());
        }
        assert_ne!(answers[0], answers[1]);
        assert_eq!(answers[0].clone().without("one"), answers[1].clone().without("two"));
        assert_eq!(answers[0].headers.last().unwrap().1, "yes");
        assert_eq!(answers[0].against(&answers[1]), "200 in other words");
    }
}
