//! What a tenant's schema is made of: our own tables, and the team's.
//!
//! Owns: nothing (migrations/). Calls: pg's migrations. Called by: placement, set-up.
//! Invariants: the built-in files all parse, and every file of the folders is built in (`the_built_in_files_are_all_there`); a version that a tenant can be made at is
//! one that this server's own statements can serve (`a_team_has_all_its_versions_and_the_agent_platform_its_newest`).
//! After a crash: nothing is left.

use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};
use tenantry_pg::migrate::{MigrationFile, MigrationFileError, MigrationSet, Version};

const CONTROL: &[(&str, &str)] = &[
    ("V1__foundation.sql", include_str!("../../../../migrations/control/V1__foundation.sql")),
    ("V2__durable_runs.sql", include_str!("../../../../migrations/control/V2__durable_runs.sql")),
    ("V3__audit.sql", include_str!("../../../../migrations/control/V3__audit.sql")),
    ("V4__idempotency.sql", include_str!("../../../../migrations/control/V4__idempotency.sql")),
    ("V5__archives.sql", include_str!("../../../../migrations/control/V5__archives.sql")),
    ("V6__adoption.sql", include_str!("../../../../migrations/control/V6__adoption.sql")),
    ("V7__findings.sql", include_str!("../../../../migrations/control/V7__findings.sql")),
    ("V8__identity.sql", include_str!("../../../../migrations/control/V8__identity.sql")),
    ("V9__isolation.sql", include_str!("../../../../migrations/control/V9__isolation.sql")),
    ("V10__console.sql", include_str!("../../../../migrations/control/V10__console.sql")),
    ("V11__audit_event_by_id.sql", include_str!("../../../../migrations/control/V11__audit_event_by_id.sql")),
    (
        "V12__isolation_progress.sql",
        include_str!("../../../../migrations/control/V12__isolation_progress.sql"),
    ),
];
const SYSTEM: &[(&str, &str)] =
    &[("V1__system_tables.sql", include_str!("../../../../migrations/system/V1__system_tables.sql"))];
/// The agent platform's tables, used where no folder is configured.
pub const BUILT_IN: &[(&str, &str)] =
    &[("V1__agent_platform.sql", include_str!("../../../../migrations/tenant/V1__agent_platform.sql"))];

/// Migration files that cannot be used, all of them.
#[derive(Debug, thiserror::Error)]
#[error("the tenant migrations cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct TemplateError(pub Vec<MigrationFileError>);

/// Files of a tenant's schema.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) system: Arc<MigrationSet>,
    pub(crate) tenant: Arc<MigrationSet>,
    built_in: bool,
    digest: Arc<str>,
}

impl Template {
    /// The agent platform's.
    ///
    /// # Errors
    /// None, as long as the test of this module passes.
    pub fn built_in() -> std::result::Result<Self, TemplateError> {
        Ok(Self::of(set(SYSTEM)?, set(BUILT_IN)?, true))
    }

    /// A team's own, from a folder with Flyway's names.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn from_folder(folder: &Path) -> std::result::Result<Self, TemplateError> {
        let tenant = MigrationSet::load(folder).map_err(TemplateError)?;
        Ok(Self::of(set(SYSTEM)?, tenant, false))
    }

    fn of(system: MigrationSet, tenant: MigrationSet, built_in: bool) -> Self {
        let digest = digest_of([&system, &tenant]);
        Self { system: Arc::new(system), tenant: Arc::new(tenant), built_in, digest: Arc::from(digest) }
    }

    /// Tells this template from every other: of the names and checksums of all its files. A slot fits when it was made from the same.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The version that a new schema gets.
    pub fn version(&self) -> String {
        self.tenant.target().map_or_else(|| "0".to_owned(), |version| version.as_str().to_owned())
    }

    /// The files that bring the versions which a new schema can have, the newest first. Of the agent platform's tables that is the newest alone: the statements of this
    /// binary are written for it. What a team's own statements need, the team knows.
    pub(crate) fn offered(&self) -> Vec<&MigrationFile> {
        let least = if self.built_in { 1 } else { usize::MAX };
        self.tenant.versioned().iter().rev().take(least).collect()
    }

    /// What a schema of that version is made of; `None` for a version that a new schema cannot have.
    pub fn at(&self, version: &str) -> Option<Self> {
        if version == self.version() {
            return Some(self.clone());
        }
        let wanted = Version::parse(version)?;
        let file = self.offered().into_iter().find(|file| file.version() == Some(&wanted))?;
        let tenant = self.tenant.up_to(file.version()?);
        let digest = digest_of([&self.system, &tenant]);
        Some(Self {
            system: Arc::clone(&self.system),
            tenant: Arc::new(tenant),
            built_in: self.built_in,
            digest: Arc::from(digest),
        })
    }

    /// Whether the agent platform's tables are in it.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }
}

fn digest_of(sets: [&MigrationSet; 2]) -> String {
    let mut digest = Sha256::new();
    for set in sets {
        for file in set.versioned().iter().chain(set.repeatable()) {
            digest.update(format!("{}\0{}\0", file.script, file.checksum));
        }
        digest.update("\n");
    }
    tenantry_pg::roles::hex(&digest.finalize()[..16])
}

fn set(files: &[(&str, &str)]) -> std::result::Result<MigrationSet, TemplateError> {
    MigrationSet::from_files(files.iter().copied()).map_err(TemplateError)
}

pub(super) fn control() -> Result<MigrationSet> {
    set(CONTROL).map_err(|error| Error::Fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_all_there() {
        for (folder, files) in [("control", CONTROL), ("system", SYSTEM), ("tenant", BUILT_IN)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(folder);
            let mut on_disk: Vec<String> = path
                .read_dir()
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            on_disk.sort();
            let mut listed: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
            listed.sort();
            assert_eq!(on_disk, listed);
            set(files).unwrap();
        }
        assert_eq!(Template::built_in().unwrap().version(), "1");
    }

    #[test]
    fn a_team_has_all_its_versions_and_the_agent_platform_its_newest() {
        let files = [("V1__a.sql", "SELECT 1"), ("V2_1__b.sql", "SELECT 2"), ("R__c.sql", "SELECT 3")];
        let of = |built_in| Template::of(set(SYSTEM).unwrap(), set(&files).unwrap(), built_in);
        let offered = |template: &Template| -> Vec<String> {
            template.offered().iter().map(|file| file.version().unwrap().to_string()).collect()
        };
        let (ours, teams) = (of(true), of(false));
        assert_eq!(
            (offered(&ours), offered(&teams)),
            (vec!["2.1".to_owned()], vec!["2.1".into(), "1".into()])
        );
        assert!(ours.at("1").is_none() && teams.at("3").is_none() && teams.at("x").is_none());
        let first = teams.at("1.0").unwrap();
        assert_eq!((first.version().as_str(), first.tenant.repeatable().len()), ("1", 1));
        let alone = Template::of(set(SYSTEM).unwrap(), set(&[files[0], files[2]]).unwrap(), false);
        assert_eq!(first.digest(), alone.digest(), "a slot that was made when there was no more fits");
        assert_eq!(teams.at("2.1").unwrap().digest(), teams.digest());
        let none = Template::of(set(SYSTEM).unwrap(), set(&[]).unwrap(), false);
        assert_eq!((none.version().as_str(), none.at("0").is_some()), ("0", true));
    }
}
