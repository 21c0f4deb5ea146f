//! Parameters that know their PostgreSQL type, and rows that answer with errors instead of panics.
//!
//! Owns: nothing. Calls: the driver. Called by: transaction and every store.
//! Invariants: a parameter has one type whatever the statement, so that unnamed and named statements are the same (`typed_parameters`).
//! After a crash: nothing is left.

use crate::Error;
use chrono::{DateTime, Utc};
use tokio_postgres::types::{FromSqlOwned, ToSql, Type};
use uuid::Uuid;

/// A statement's parameter. The type comes from the Rust side: a statement casts where its column is of another.
pub trait Param: ToSql + Sync + Send {
    /// The PostgreSQL type that is declared for it.
    fn pg_type(&self) -> Type;
    /// The same value for the driver.
    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

macro_rules! params {
    ($($rust:ty => $pg:ident),+ $(,)?) => {$(
        impl Param for $rust {
            fn pg_type(&self) -> Type { Type::$pg }
            fn as_sql(&self) -> &(dyn ToSql + Sync) { self }
        }
        impl Param for Option<$rust> {
            fn pg_type(&self) -> Type { Type::$pg }
            fn as_sql(&self) -> &(dyn ToSql + Sync) { self }
        }
    )+};
}

params! {
    bool => BOOL, i16 => INT2, i32 => INT4, i64 => INT8,
    &str => TEXT, String => TEXT, Vec<u8> => BYTEA, &[u8] => BYTEA, Uuid => UUID, DateTime<Utc> => TIMESTAMPTZ,
    serde_json::Value => JSONB, Vec<String> => TEXT_ARRAY, Vec<Uuid> => UUID_ARRAY, std::net::IpAddr => INET,
}

/// A row of a result.
#[derive(Debug)]
pub struct Row(pub(crate) tokio_postgres::Row);

impl Row {
    /// The value of a column.
    ///
    /// # Errors
    /// [`Error::Row`] when there is no such column, it has another type, or it is NULL and `T` is not an `Option`.
    pub fn get<T: FromSqlOwned>(&self, column: &str) -> Result<T, Error> {
        self.0.try_get(column).map_err(Error::Row)
    }
}

/// A type that is read from a row.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Row`] when the row has another shape.
    fn from_row(row: &Row) -> Result<Self, Error>;
}
