//! The named statements of one connection, a capped LRU: first use goes unnamed, the second prepares.
//!
//! Owns: nothing. Calls: the driver. Called by: transaction.
//! Invariants: a statement is bound to one role and schema, so that its plan is never re-made for another (`a_statement_belongs_to_its_scope`);
//! no more than the cap stay prepared, since each costs the backend some 40 kB (`the_oldest_statement_makes_room`).
//! After a crash: they end with the connection.

use lru::LruCache;
use std::{num::NonZeroUsize, sync::Arc};
use tokio_postgres::Statement;

/// Whose plan it is: the role of the scope (empty on the control plane), and the statement's text as written.
type Key = (Arc<str>, &'static str);

enum Entry {
    Seen,
    Prepared(Statement),
}

/// What to do with a statement now.
pub(crate) enum Plan {
    /// Send it unnamed.
    Unnamed,
    /// Prepare it, then bind to the name.
    Prepare,
    /// Bind to this name.
    Named(Statement),
}

pub(crate) struct Statements {
    entries: Option<LruCache<Key, Entry>>,
}

impl Statements {
    /// `cap` named statements at most; 0 for none, as a transaction pooler needs it.
    pub(crate) fn new(cap: usize) -> Self {
        Self { entries: NonZeroUsize::new(cap).map(LruCache::new) }
    }

    pub(crate) fn plan(&mut self, role: &Arc<str>, sql: &'static str) -> Plan {
        let Some(entries) = &mut self.entries else { return Plan::Unnamed };
        match entries.get(&(Arc::clone(role), sql)) {
            Some(Entry::Prepared(statement)) => Plan::Named(statement.clone()),
            Some(Entry::Seen) => Plan::Prepare,
            None => {
                entries.put((Arc::clone(role), sql), Entry::Seen);
                Plan::Unnamed
            }
        }
    }

    pub(crate) fn prepared(&mut self, role: &Arc<str>, sql: &'static str, statement: Statement) {
        if let Some(entries) = &mut self.entries {
            entries.put((Arc::clone(role), sql), Entry::Prepared(statement));
        }
    }

    /// Forgets all, after a plan turned out stale. Dropping a statement closes it on the server.
    pub(crate) fn clear(&mut self) {
        if let Some(entries) = &mut self.entries {
            entries.clear();
        }
    }

    /// How many are prepared; those seen once are not.
    pub(crate) fn prepared_count(&self) -> usize {
        let prepared = |entries: &LruCache<Key, Entry>| {
            entries.iter().filter(|(_, entry)| matches!(entry, Entry::Prepared(_))).count()
        };
        self.entries.as_ref().map_or(0, prepared)
    }
}
