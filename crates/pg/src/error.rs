//! What can go wrong between us and PostgreSQL, sorted by what the caller can do about it.
//!
//! Owns: nothing. Calls: nothing. Called by: every module of this crate, core's error.
//! Invariants: the text of a parameter never reaches an error message of ours; PostgreSQL's own detail stays in `Db`, for logs.
//! After a crash: nothing is left.

use tokio_postgres::error::SqlState;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be made.
    #[error("cannot connect to PostgreSQL as {user}: {}", told(source))]
    Connect {
        /// The login that was tried.
        user: String,
        /// The driver's account of it.
        source: tokio_postgres::Error,
    },
    /// Every connection of the pool was in use for longer than a caller waits.
    #[error("no connection of {user} became free within {waited_ms} ms")]
    Busy {
        /// The login of the pool.
        user: String,
        /// How long the caller waited.
        waited_ms: u128,
    },
    /// A statement failed.
    #[error("{during}: {}", told(source))]
    Db {
        /// The name of the transaction.
        during: &'static str,
        /// The driver's account of it, with PostgreSQL's message.
        source: tokio_postgres::Error,
    },
    /// A row did not have the shape that the code expects: the schema and the binary do not match.
    #[error("a row has an unexpected shape: {0}")]
    Row(tokio_postgres::Error),
    /// A value of a row is none that the code knows.
    #[error("a row has an unexpected value: {0}")]
    Shape(String),
    /// Exactly one row was expected.
    #[error("{during}: expected one row, got {got}")]
    RowCount {
        /// The name of the transaction.
        during: &'static str,
        /// How many came.
        got: usize,
    },
    /// A statement of the transaction had failed, and the code went on as if it had not.
    #[error("{0}: the transaction was aborted by an earlier statement")]
    Aborted(&'static str),
    /// A statement was sent after the last one.
    #[error("{0}: the transaction has already ended")]
    Ended(&'static str),
    /// A row that came back is not of the scope that asked for it.
    #[error("{0}: a row is not of the scope's workspace")]
    Foreign(&'static str),
    /// The task that ran the transaction panicked.
    #[error("{0}: the transaction's task ended without an answer")]
    Lost(&'static str),
    /// PostgreSQL warned where a warning means that something was not done.
    #[error("{during}: PostgreSQL warned: {warnings}")]
    Warned {
        /// The name of the transaction.
        during: &'static str,
        /// The warnings, separated by semicolons.
        warnings: String,
    },
}

/// PostgreSQL's message where it sent one: the driver's own text for that is `db error` and no more. Its detail, which holds values
/// of rows, is left out.
fn told(source: &tokio_postgres::Error) -> String {
    source
        .as_db_error()
        .map_or_else(|| source.to_string(), |db| format!("{} (SQLSTATE {})", db.message(), db.code().code()))
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Run the transaction again: serialization failure or deadlock.
    Retry,
    /// A prepared plan no longer fits its table; forget the statements and run again.
    StalePlan,
    /// A unique constraint refused.
    Unique,
    /// A foreign key refused.
    ForeignKey,
    /// A CHECK or NOT NULL refused.
    Check,
    /// SQLSTATE 42501: a privilege or a row-level security policy refused.
    Denied,
    /// A row of another workspace came back: row-level security did not hold.
    Foreign,
    /// A time limit ended the statement, or a lock was not had in time.
    Timeout,
    /// PostgreSQL cannot be reached, is starting or stopping, or has no connection left.
    Unavailable,
    /// A bug, or something new.
    Other,
}

impl ErrorKind {
    /// A word for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::StalePlan => "stale_plan",
            Self::Unique => "unique",
            Self::ForeignKey => "foreign_key",
            Self::Check => "check",
            Self::Denied => "denied",
            Self::Foreign => "foreign",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

impl Error {
    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Connect { .. } | Self::Busy { .. } | Self::Lost(_) => ErrorKind::Unavailable,
            Self::Db { source, .. } => kind_of(source),
            Self::Foreign(_) => ErrorKind::Foreign,
            _ => ErrorKind::Other,
        }
    }

    /// PostgreSQL's SQLSTATE, where it sent one.
    pub fn sql_state(&self) -> Option<&str> {
        self.db().map(|db| db.code().code())
    }

    /// The constraint that refused.
    pub fn constraint(&self) -> Option<&str> {
        self.db().and_then(tokio_postgres::error::DbError::constraint)
    }

    /// Where in the statement's text, counted in characters from 1.
    pub fn position(&self) -> Option<usize> {
        match self.db()?.position()? {
            tokio_postgres::error::ErrorPosition::Original(at) => usize::try_from(*at).ok(),
            tokio_postgres::error::ErrorPosition::Internal { .. } => None,
        }
    }

    /// PostgreSQL's own message, for operators; never for callers.
    pub fn db_message(&self) -> Option<String> {
        self.db().map(|db| format!("{}: {}", db.severity(), db.message()))
    }

    fn db(&self) -> Option<&tokio_postgres::error::DbError> {
        match self {
            Self::Db { source, .. } | Self::Connect { source, .. } => source.as_db_error(),
            _ => None,
        }
    }
}

fn kind_of(source: &tokio_postgres::Error) -> ErrorKind {
    let Some(db) = source.as_db_error() else {
        return if source.is_closed()
            || std::error::Error::source(source).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
        {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Other
        };
    };
    match db.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => ErrorKind::Retry,
        &SqlState::FEATURE_NOT_SUPPORTED if db.routine() == Some("RevalidateCachedQuery") => {
            ErrorKind::StalePlan
        }
        &SqlState::UNIQUE_VIOLATION => ErrorKind::Unique,
        &SqlState::FOREIGN_KEY_VIOLATION => ErrorKind::ForeignKey,
        &SqlState::CHECK_VIOLATION | &SqlState::NOT_NULL_VIOLATION => ErrorKind::Check,
        &SqlState::INSUFFICIENT_PRIVILEGE => ErrorKind::Denied,
        &SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE => ErrorKind::Timeout,
        &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::DISK_FULL
        | &SqlState::OUT_OF_MEMORY => ErrorKind::Unavailable,
        code if code.code().starts_with("08") => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

/// An error type that a transaction may end with: it can carry ours, and give it back for the retry decision.
pub trait TxError: From<Error> + Send + 'static {
    /// The error of this crate inside, if there is one.
    fn pg(&self) -> Option<&Error>;
}

impl TxError for Error {
    fn pg(&self) -> Option<&Error> {
        Some(self)
    }
}
