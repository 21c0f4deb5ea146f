//! Trace ids as W3C `traceparent` carries them.
//!
//! Owns: nothing. Calls: nothing. Called by: `http::middleware::request`.
//! Invariants: what is sent parses again, and nothing malformed is continued (`only_valid_headers_are_continued`).
//! After a crash: nothing is left.

use std::fmt;
use uuid::Uuid;

/// The trace a request belongs to, and this server's span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// Continues the trace of a valid `traceparent` header, or begins one. `fresh` gives random ids.
    pub fn from_header(header: Option<&str>, fresh: &dyn Fn() -> Uuid) -> Self {
        // The low half of a UUID holds its random part and its variant, so it is never zero.
        let span = fresh().as_u64_pair().1;
        match header.and_then(parse) {
            Some((trace, flags)) => Self { trace, span, flags },
            None => Self { trace: fresh().as_u128(), span, flags: 1 },
        }
    }

    /// The trace id: 32 hexadecimal digits.
    pub fn trace_id(&self) -> impl fmt::Display + use<> {
        let trace = self.trace;
        fmt::from_fn(move |f| write!(f, "{trace:032x}"))
    }

    /// The header for the response and for calls made on behalf of the request.
    pub fn header(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags & 1)
    }
}

/// Trace id and flags of a header that follows the recommendation.
fn parse(header: &str) -> Option<(u128, u8)> {
    let mut parts = header.split('-');
    let version = digits(parts.next()?, 2)?;
    let trace = digits(parts.next()?, 32)?;
    let parent = digits(parts.next()?, 16)?;
    let flags = digits(parts.next()?, 2)?;
    // Version 00 ends here; later ones may say more, which is not ours to read.
    let complete = version != 0 || parts.next().is_none();
    (complete && version != 0xff && trace != 0 && parent != 0).then_some((trace, u8::try_from(flags).ok()?))
}

fn digits(text: &str, count: usize) -> Option<u128> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (text.len() == count && text.bytes().all(hex)).then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn fresh() -> Uuid {
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)
    }

    #[test]
    fn a_valid_header_is_continued_with_an_own_span() {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let context = TraceContext::from_header(Some(&header), &fresh);
        assert_eq!(context.trace_id().to_string(), TRACE);
        assert_eq!(context.header(), format!("00-{TRACE}-8000000000000001-01"));
        assert_eq!(TraceContext::from_header(Some(&context.header()), &fresh).trace_id().to_string(), TRACE);
    }

    #[test]
    fn only_valid_headers_are_continued() {
        let begun = TraceContext::from_header(None, &fresh);
        assert_eq!(begun.trace_id().to_string(), fresh().simple().to_string());
        for header in [
            String::new(),
            "nonsense".to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-+{}-00f067aa0ba902b7-01", &TRACE[1..]),
        ] {
            assert_eq!(TraceContext::from_header(Some(&header), &fresh), begun, "{header}");
        }
        let later = format!("01-{TRACE}-00f067aa0ba902b7-00-more");
        assert_eq!(TraceContext::from_header(Some(&later), &fresh).trace_id().to_string(), TRACE);
    }
}
