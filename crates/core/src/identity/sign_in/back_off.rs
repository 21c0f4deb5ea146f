//! Failed attempts make the next one wait: by account, and by address.
//!
//! Owns: nothing of its own; writes `sign_in_failures` through the store. Calls: pg. Called by: sign-in.
//! Invariants: unknown accounts wait like known ones (`unknown_accounts_wait_alike`); the table tells nobody who tried
//! (`failures_are_kept_under_a_keyed_hash`). After a crash: failures are counted or not, one each.

use super::store;
use crate::{Error, Result};
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use tenantry_pg::{ControlTx, roles::Installation, roles::hex};

/// Failures of an account from which the next attempt has to wait: 2 seconds, then twice as long each time.
const ACCOUNT: i32 = 5;
/// The same for an address, behind which a whole office may sit.
const ADDRESS: i32 = 20;
/// Asks for links to one account from which the next has to wait.
const LINKS: i32 = 3;
/// The longest wait: a quarter of an hour.
pub(super) const LONGEST_SECONDS: i32 = 900;
/// Days after which failures are forgotten.
pub(super) const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// What failures are counted by.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// A word and a keyed hash.
    pub(super) key: String,
    /// Failures from which it waits.
    pub(super) most: i32,
}

/// Account and address of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    pub(super) account: Subject,
    pub(super) address: Option<Subject>,
}

impl Subjects {
    /// Of an attempt to sign in.
    pub(super) fn of(installation: &Installation, email: &str, address: Option<IpAddr>) -> Self {
        let account = subject(installation, "account", email.as_bytes(), ACCOUNT);
        let address =
            address.map(|address| subject(installation, "address", &network(address).octets(), ADDRESS));
        Self { account, address }
    }

    /// Of an ask for a link by mail.
    pub(super) fn of_link(installation: &Installation, email: &str, address: Option<IpAddr>) -> Self {
        let account = subject(installation, "link", email.as_bytes(), LINKS);
        Self { account, ..Self::of(installation, email, address) }
    }

    fn all(&self) -> impl Iterator<Item = &Subject> {
        [Some(&self.account), self.address.as_ref()].into_iter().flatten()
    }

    /// How long the next attempt has to wait.
    pub(super) async fn wait(&self, tx: &ControlTx, now: DateTime<Utc>) -> Result<Option<Duration>> {
        let keys = self.all().map(|subject| subject.key.clone()).collect();
        let until = store::blocked_until(tx, keys, now).await?;
        Ok(until.and_then(|until| (until - now).to_std().ok()))
    }

    /// Refuses an attempt that comes too early.
    pub(super) async fn admit(&self, tx: &ControlTx, now: DateTime<Utc>) -> Result<()> {
        match self.wait(tx, now).await? {
            Some(wait) => Err(Error::TooMany { retry_after: wait }),
            None => Ok(()),
        }
    }

    /// Counts a failure. One that was let in before the wait began does not make it longer.
    pub(super) async fn failed(&self, tx: &ControlTx, now: DateTime<Utc>) -> Result<()> {
        for subject in self.all() {
            store::failed(tx, subject, now).await?;
        }
        Ok(())
    }

    /// Forgets the account's failures. The address keeps its own: one good guess does not pay for the others.
    pub(super) async fn succeeded(&self, tx: &ControlTx) -> Result<()> {
        store::succeeded(tx, &self.account.key).await
    }
}

fn subject(installation: &Installation, word: &str, text: &[u8], most: i32) -> Subject {
    let hash = installation.derive_secret("sign-in failures", &[word.as_bytes(), text]);
    Subject { key: format!("{word}:{}", hex(&hash)), most }
}

/// Whoever has one IPv6 address has the 2^64 beside it.
fn network(address: IpAddr) -> Ipv6Addr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_pg::roles::MasterKey;

    #[test]
    fn failures_are_kept_under_a_keyed_hash() {
        let of = |key: u8, email: &str, address: &str| {
            let installation = Installation::of_database("x", MasterKey::new([key; 32]), None);
            let subjects = Subjects::of(&installation, email, address.parse().ok());
            (subjects.account.key, subjects.address.map(|subject| subject.key).unwrap_or_default())
        };
        let one = of(1, "ada@acme.example", "2001:db8::1");
        assert_eq!(one, of(1, "ada@acme.example", "2001:db8::ffff:1"));
        assert_ne!(one.1, of(1, "ada@acme.example", "2001:db8:0:1::1").1);
        assert_ne!(one.0, of(2, "ada@acme.example", "2001:db8::1").0);
        assert_ne!(one.0, of(1, "bob@acme.example", "2001:db8::1").0);
        assert_ne!(of(1, "", "192.0.2.1").1, of(1, "", "192.0.2.2").1);
        assert_eq!(of(1, "", "192.0.2.1").1, of(1, "", "::ffff:192.0.2.1").1);
        assert!(!one.0.contains("ada") && one.0.len() <= 80 && one.1.len() <= 80, "{one:?}");
    }
}
