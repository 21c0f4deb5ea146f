//! Log lines: text for people, or one flat JSON object a line with ECS field names for shippers.
//!
//! Owns: the process-wide subscriber, set once at start. Calls: nothing. Called by: wiring of the commands.
//! Invariants: a line is one valid JSON object whatever the values hold (`a_line_is_one_flat_object`); an event carries
//! the fields of the spans around it (`fields_of_spans_are_inherited`).
//! After a crash: lines written so far are out; nothing is buffered.

use crate::config::LogFormat;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use std::{
    fmt,
    io::{IsTerminal as _, Write as _},
    time::SystemTime,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::MakeWriter,
    layer::{Context, SubscriberExt as _},
    registry::{LookupSpan, Scope},
    util::{SubscriberInitExt as _, TryInitError},
};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter does not parse; `Config` never holds such a one.
    #[error("the log filter is not valid: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A subscriber was set before.
    #[error("logging was set up before: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends log lines to standard error from now on. Once in a process.
///
/// # Errors
/// The filter does not parse, or logging was set up before.
pub fn init(filter: &str, format: LogFormat) -> Result<(), InitError> {
    let filter = EnvFilter::try_new(filter)?;
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        registry.with(EcsLayer::new(std::io::stderr)).try_init()?;
    } else {
        let text = tracing_subscriber::fmt::layer().with_ansi(terminal).with_writer(std::io::stderr);
        registry.with(text).try_init()?;
    }
    Ok(())
}

/// Writes events as flat JSON objects. Fields are named by ECS where the event is made (`http.request.id`).
pub struct EcsLayer<W> {
    writer: W,
    clock: fn() -> SystemTime,
}

impl<W> EcsLayer<W> {
    /// A layer that writes with the system's clock.
    pub fn new(writer: W) -> Self {
        Self { writer, clock: SystemTime::now }
    }
}

/// The fields of a span, kept with it.
struct SpanFields(Map<String, Value>);

impl<S, W> Layer<S> for EcsLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            values.record(&mut Collect(&mut fields.0));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<SpanFields>() {
                line.extend(fields.0.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Collect(&mut line));
        let metadata = event.metadata();
        let time = DateTime::<Utc>::from((self.clock)()).to_rfc3339_opts(SecondsFormat::Micros, true);
        // Last, so that no field of an event can pass for one of these.
        line.insert("@timestamp".to_owned(), time.into());
        line.insert("log.level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
        line.insert("log.logger".to_owned(), metadata.target().into());
        line.insert("ecs.version".to_owned(), "8.11".into());
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // Nobody is left to tell when the log itself cannot be written.
        let _ = self.writer.make_writer_for(metadata).write_all(text.as_bytes());
    }
}

struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::{
        cell::RefCell,
        sync::{Arc, Mutex, Once},
    };

    thread_local! {
        static CAPTURED: RefCell<Option<Lines>> = const { RefCell::new(None) };
    }

    /// Lines that were logged on one thread while it captured.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Stops the capture of its thread.
    pub(crate) struct Capture;

    impl Drop for Capture {
        fn drop(&mut self) {
            CAPTURED.take();
        }
    }

    impl Lines {
        /// One subscriber for all tests, which sorts lines by thread. Subscribers for a scope would not do: whether a
        /// place in the code logs at all is remembered for the process, and threads without one would say that it does not.
        /// To be called before the code under test first logs.
        pub(crate) fn install() {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| {
                let writer = || CAPTURED.with_borrow(Clone::clone).unwrap_or_default();
                let layer = EcsLayer { writer, clock: || SystemTime::UNIX_EPOCH };
                tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
                tracing::callsite::rebuild_interest_cache();
            });
        }

        /// Logs of this thread go here while the guard lives.
        pub(crate) fn capture(&self) -> Capture {
            Self::install();
            CAPTURED.set(Some(self.clone()));
            Capture
        }

        pub(crate) fn parsed(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let lines = Lines::default();
        let guard = lines.capture();
        tracing::warn!(user.id = "a\"b\n{}", event.duration = 7_u64, absent = None::<u64>, "two\nlines");
        drop(guard);
        let expected = serde_json::json!({
            "@timestamp": "1970-01-01T00:00:00.000000Z",
            "log.level": "warn",
            "log.logger": module_path!(),
            "ecs.version": "8.11",
            "message": "two\nlines",
            "user.id": "a\"b\n{}",
            "event.duration": 7,
        });
        assert_eq!(lines.parsed(), [expected]);
    }

    #[test]
    fn fields_of_spans_are_inherited() {
        let lines = Lines::default();
        let guard = lines.capture();
        let span = tracing::info_span!("request", http.request.id = "r1", user.id = tracing::field::Empty);
        span.record("user.id", "u1");
        span.in_scope(|| tracing::info!(log.level = "forged", "inside"));
        tracing::info!("outside");
        drop(guard);
        let parsed = lines.parsed();
        assert_eq!((&parsed[0]["http.request.id"], &parsed[0]["user.id"]), (&"r1".into(), &"u1".into()));
        assert_eq!(parsed[0]["log.level"], "info");
        assert!(parsed[1].get("http.request.id").is_none());
    }
}
