//! The logins and roles of an installation: their names and their passwords.
//!
//! Owns: nothing (roles live in PostgreSQL; core's `placement` makes them). Calls: nothing. Called by: tenant, core, server wiring.
//! Invariants: names carry the installation, so that two share a server (`names_carry_the_installation`); passwords are derived, never
//! stored, and reach PostgreSQL as SCRAM verifiers only (`verifiers_hide_passwords`); a secret derived for one
//! purpose tells nothing about another's (`a_secret_belongs_to_its_purpose_and_parts`). After a crash: nothing is left.

use crate::Login;
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fmt;

/// The root of every derived password. 32 bytes.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// From 32 secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn derive(&self, info: &str) -> String {
        let mut out = [0_u8; 32];
        // 32 bytes are far below HKDF's limit of 255 blocks.
        if Hkdf::<Sha256>::new(Some(b"tenantry login v1"), &self.0).expand(info.as_bytes(), &mut out).is_err()
        {
            unreachable!("32 bytes can always be derived");
        }
        hex(&out)
    }

    /// 32 secret bytes that belong to `purpose` and `parts`, the same every time.
    pub fn derive_secret(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut info = SECRET_LABEL.to_vec();
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            // With its length before it: two lists of parts that read alike when joined are still two.
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut out = [0_u8; 32];
        // 32 bytes are far below HKDF's limit of 255 blocks.
        if Hkdf::<Sha256>::new(Some(SECRET_LABEL), &self.0).expand(&info, &mut out).is_err() {
            unreachable!("32 bytes can always be derived");
        }
        out
    }
}

/// Keeps these secrets apart from the logins' passwords.
const SECRET_LABEL: &[u8] = b"tenantry idempotent secret v1";

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One Tenantry on a PostgreSQL server: the prefix of its roles, and the key of their passwords.
#[derive(Debug, Clone)]
pub struct Installation {
    prefix: String,
    key: MasterKey,
    previous: Option<MasterKey>,
}

impl Installation {
    /// The installation that lives in `database`. The id comes from the database's name, so that a server process which holds no
    /// credential but the master key knows its login before it can ask anybody.
    pub fn of_database(database: &str, key: MasterKey, previous: Option<MasterKey>) -> Self {
        let digest = Sha256::digest(database.as_bytes());
        Self { prefix: format!("tnt{}", hex(&digest[..4])), key, previous }
    }

    /// `tnt` and eight hexadecimal digits.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The login that sees all tenants of the control plane.
    pub fn platform(&self) -> String {
        format!("{}_platform", self.prefix)
    }

    /// The login that row-level security confines to one tenant of the control plane.
    pub fn control(&self) -> String {
        format!("{}_control", self.prefix)
    }

    /// The login of a cell.
    pub fn cell(&self, cell: i32) -> String {
        format!("{}_cell_{cell}", self.prefix)
    }

    /// The role of a slot and later its tenant.
    pub fn tenant_role(&self, opaque: &str) -> String {
        format!("{}_t_{opaque}", self.prefix)
    }

    /// The role that reads across a tenant's workspaces.
    pub fn wide_role(&self, opaque: &str) -> String {
        format!("{}_t_{opaque}_wide", self.prefix)
    }

    /// A login made for one psql session.
    pub fn psql(&self, opaque: &str) -> String {
        format!("{}_psql_{opaque}", self.prefix)
    }

    /// How to log in as [`Self::platform`].
    pub fn platform_login(&self) -> Login {
        self.login(self.platform())
    }

    /// How to log in as [`Self::control`].
    pub fn control_login(&self) -> Login {
        self.login(self.control())
    }

    /// How to log in as [`Self::cell`].
    pub fn cell_login(&self, cell: i32) -> Login {
        self.login(self.cell(cell))
    }

    /// The SCRAM verifier of a login's present password, with a new salt.
    pub fn verifier(&self, login: &str) -> String {
        scram_verifier(&self.key.derive(login))
    }

    /// Tells whether the passwords in PostgreSQL were derived from the present key, without telling the key.
    pub fn key_check(&self) -> String {
        self.key.derive("key check")
    }

    /// The same for the key before the last rotation, where there is one.
    pub fn previous_key_check(&self) -> Option<String> {
        self.previous.as_ref().map(|key| key.derive("key check"))
    }

    /// 32 secret bytes that belong to `purpose` and `parts`, the same every time: for what has to be told again and is stored nowhere.
    pub fn derive_secret(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.key.derive_secret(purpose, parts)
    }

    /// The same from the key before the last rotation, where there is one.
    pub fn derive_previous_secret(&self, purpose: &str, parts: &[&[u8]]) -> Option<[u8; 32]> {
        self.previous.as_ref().map(|key| key.derive_secret(purpose, parts))
    }

    /// The present key, and the one before the last rotation, where there is one: for what is sealed under them.
    pub fn master_keys(&self) -> (&MasterKey, Option<&MasterKey>) {
        (&self.key, self.previous.as_ref())
    }

    fn login(&self, user: String) -> Login {
        let passwords =
            std::iter::once(&self.key).chain(&self.previous).map(|key| key.derive(&user)).collect();
        Login { user, passwords }
    }
}

/// What PostgreSQL stores for a password: it can check a login with it, but nobody can log in with it.
pub fn scram_verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(database: &str, byte: u8) -> Installation {
        Installation::of_database(database, MasterKey::new([byte; 32]), None)
    }

    #[test]
    fn names_carry_the_installation() {
        let (one, other) = (installation("one", 1), installation("other", 1));
        assert_ne!(one.prefix(), other.prefix());
        assert!(one.wide_role(&"x".repeat(26)).len() <= 63 && one.platform().starts_with(one.prefix()));
    }

    #[test]
    fn verifiers_hide_passwords() {
        let installation = installation("one", 1);
        let password = &installation.platform_login().passwords[0];
        let verifier = installation.verifier(&installation.platform());
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:") && !verifier.contains(password));
    }

    #[test]
    fn a_secret_belongs_to_its_purpose_and_parts() {
        let one = installation("one", 1);
        let secret = |purpose: &str, parts: &[&[u8]]| one.derive_secret(purpose, parts);
        assert_eq!(secret("a", &[b"bc", b"d"]), secret("a", &[b"bc", b"d"]));
        let others = [
            secret("a", &[b"b", b"cd"]),
            secret("a", &[b"bcd"]),
            secret("ab", &[b"c", b"d"]),
            secret("", &[b"a", b"bc", b"d"]),
            installation("one", 2).derive_secret("a", &[b"bc", b"d"]),
        ];
        assert!(others.iter().all(|other| *other != secret("a", &[b"bc", b"d"])));
        let rotated =
            Installation::of_database("one", MasterKey::new([2; 32]), Some(MasterKey::new([1; 32])));
        assert_eq!(rotated.derive_previous_secret("a", &[b"b"]), Some(secret("a", &[b"b"])));
        assert_eq!(one.derive_previous_secret("a", &[b"b"]), None);
    }

    #[test]
    fn a_rotated_key_tries_the_new_password_first_and_the_old_one_second() {
        let (old, new) = (installation("one", 1), installation("one", 2));
        let rotating =
            Installation::of_database("one", MasterKey::new([2; 32]), Some(MasterKey::new([1; 32])));
        let passwords = rotating.control_login().passwords;
        assert_eq!(passwords, [new.control_login().passwords, old.control_login().passwords].concat());
        assert_eq!(rotating.key_check(), new.key_check());
        assert_ne!(old.key_check(), new.key_check());
    }
}
