//! Sealed secrets where they lie: whether all of them open, and all of them under the current key.
//!
//! Owns: the list of sealed columns. Calls: the vault, store. Called by: the doctor, the worker's duties.
//! Invariants: every sealed column is in the list (`every_sealed_column_is_known`); a record that does not open shows before somebody needs it
//! (`the_doctor_names_a_secret_that_does_not_open`) and keeps no other from being wrapped anew; after a rotation nothing is left under the old
//! key (`a_rotation_leaves_nothing_under_the_old_key`).
//! After a crash: a record is under one key or the other, and the next look goes on.

use super::{MAIL_BODY, SIGNING_KEY, Vault, store};
use crate::{Error, Result};
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    TenantId,
    health::{Check, CheckStatus},
};

/// Records that one look of the doctor opens in each column. More are not looked at, and the check says so.
const LOOKED_AT: i64 = 500;

/// Records that one transaction wraps anew.
const SLICE: i64 = 100;

/// A column of sealed secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// `signing_keys.private_key`
    SigningKeys,
    /// `mails.body`, of mail that is not sent yet.
    Mails,
}

impl Column {
    /// Every one. Whoever seals something new adds it here, with its statements in the store.
    pub const ALL: [Self; 2] = [Self::SigningKeys, Self::Mails];

    /// Table and column.
    pub fn name(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing_keys.private_key",
            Self::Mails => "mails.body",
        }
    }

    /// What its secrets are sealed for.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::SigningKeys => SIGNING_KEY,
            Self::Mails => MAIL_BODY,
        }
    }
}

/// A sealed secret with what it belongs to.
pub(super) struct Record {
    /// As in its context: the row's id in text.
    pub(super) id: String,
    pub(super) tenant: Option<TenantId>,
    pub(super) sealed: Vec<u8>,
}

/// What a look at every column saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    opened: usize,
    under_a_previous_key: usize,
    closed: usize,
    first: Option<String>,
    more: bool,
}

/// Whether the secrets in the database open, for the doctor. Names the first that does not.
///
/// # Errors
/// The database's.
pub async fn check(pool: &Pool, vault: &Vault) -> Result<Check> {
    let seen = pool.run("check_secrets", vault.clone(), |tx, vault| Box::pin(look(tx, vault))).await?;
    Ok(judge(&seen))
}

async fn look(tx: &ControlTx, vault: &Vault) -> Result<Seen> {
    let mut seen = Seen::default();
    for column in Column::ALL {
        let records = store::sealed(tx, column, LOOKED_AT + 1).await?;
        seen.more |= records.len() > usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
        for Record { id, tenant, sealed } in &records {
            match vault.rewrap(column.purpose(), *tenant, id, sealed) {
                Ok(anew) => {
                    seen.opened += 1;
                    seen.under_a_previous_key += usize::from(anew.is_some());
                }
                Err(error) => {
                    seen.closed += 1;
                    seen.first.get_or_insert(error.to_string());
                }
            }
        }
    }
    Ok(seen)
}

fn judge(seen: &Seen) -> Check {
    let Seen { opened, under_a_previous_key, closed, first, more } = seen;
    let (status, advice) = match (closed, under_a_previous_key) {
        (0, 0) => (CheckStatus::Ok, None),
        (0, _) => (
            CheckStatus::Warn,
            Some(
                "Keep TENANTRY_MASTER_KEY_PREVIOUS until `tenantry worker` has wrapped them anew; it looks every ten minutes.",
            ),
        ),
        _ => (
            CheckStatus::Failing,
            Some(
                "See that TENANTRY_MASTER_KEY and TENANTRY_MASTER_KEY_PREVIOUS are the keys that they were sealed under: docs/guides/master-key.md.",
            ),
        ),
    };
    let mut told = vec![format!("{opened} open")];
    if *under_a_previous_key > 0 {
        told.push(format!("{under_a_previous_key} of them under a previous key"));
    }
    if let Some(first) = first {
        told.push(format!("{closed} do not, the first: {first}"));
    }
    if *more {
        told.push(format!("no more than {LOOKED_AT} of a kind were looked at"));
    }
    Check {
        name: "secrets".to_owned(),
        status,
        detail: Some(told.join("; ")),
        advice: advice.map(str::to_owned),
        duration_ms: None,
    }
}

/// Wraps every secret anew that is not under the current key. Returns how many. One that does not open is logged and left for the doctor to show.
///
/// # Errors
/// The database's; finished slices stay.
pub async fn rewrap(owner: &Pool, vault: &Vault) -> Result<usize> {
    let mut done = 0;
    for column in Column::ALL {
        let mut after = String::new();
        loop {
            let input = (vault.clone(), column, after);
            let (wrapped, last) = owner
                .run("rewrap_secrets", input, |tx, (vault, column, after)| {
                    Box::pin(slice(tx, vault, *column, after))
                })
                .await?;
            done += wrapped;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    Ok(done)
}

/// One slice behind a record: how many were wrapped anew, and the last that was looked at, where there may be more.
async fn slice(
    tx: &ControlTx,
    vault: &Vault,
    column: Column,
    after: &str,
) -> Result<(usize, Option<String>)> {
    let records = store::not_under(tx, column, vault.key(), after, SLICE).await?;
    let mut done = 0;
    for Record { id, tenant, sealed } in &records {
        match vault.rewrap(column.purpose(), *tenant, id, sealed) {
            Ok(Some(anew)) => {
                store::replace(tx, column, id, anew).await?;
                done += 1;
            }
            Ok(None) => {}
            Err(error @ Error::Fault(_)) => tracing::error!(%error, "a secret is not wrapped anew"),
            Err(error) => return Err(error),
        }
    }
    Ok((done, records.last().map(|record| record.id.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_open_is_failing_and_what_is_old_is_a_warning() {
        let fine = Seen { opened: 3, ..Seen::default() };
        assert_eq!((judge(&fine).status, judge(&fine).detail), (CheckStatus::Ok, Some("3 open".to_owned())));
        let old = judge(&Seen { under_a_previous_key: 2, ..fine });
        assert_eq!(old.status, CheckStatus::Warn);
        assert_eq!(old.detail.as_deref(), Some("3 open; 2 of them under a previous key"));
        let closed = Seen {
            closed: 1,
            first: Some("cannot be opened: mail x, key 00".to_owned()),
            more: true,
            ..Seen::default()
        };
        let told = judge(&closed);
        assert_eq!(told.status, CheckStatus::Failing);
        assert!(told.advice.is_some());
        assert_eq!(
            told.detail.as_deref(),
            Some(
                "0 open; 1 do not, the first: cannot be opened: mail x, key 00; no more than 500 of a kind were looked at"
            )
        );
    }
}
