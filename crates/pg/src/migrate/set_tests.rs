use super::*;
use proptest::prelude::*;
use std::{env, path::PathBuf, process};

fn set(names: &[&str]) -> Result<MigrationSet, Vec<MigrationFileError>> {
    MigrationSet::from_files(names.iter().map(|&name| (name, "SELECT 1;")))
}

fn scripts(files: &[MigrationFile]) -> Vec<&str> {
    files.iter().map(|file| file.script.as_str()).collect()
}

/// A folder of its own, removed when it goes out of scope.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("tenantry-set-{}-{name}", process::id()));
        fs::create_dir_all(path.join("later")).unwrap();
        fs::create_dir_all(path.join("..data")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn files_are_in_running_order() {
    let set = set(&[
        "V10__c.sql",
        "V2__b.sql",
        "R__z.sql",
        "V1.5__a.sql",
        "U2__b.sql",
        "R__a.sql",
        "sub/V3__x.sql",
    ])
    .unwrap();
    assert_eq!(scripts(set.versioned()), ["V1.5__a.sql", "V2__b.sql", "sub/V3__x.sql", "V10__c.sql"]);
    assert_eq!(scripts(set.repeatable()), ["R__a.sql", "R__z.sql"]);
    assert_eq!(set.target().map(Version::as_str), Some("10"));
    assert_eq!(
        set.undo_of(&Version::parse("2.0").unwrap()).map(|file| file.script.as_str()),
        Some("U2__b.sql")
    );
    assert_eq!(set.undo_of(&Version::parse("10").unwrap()), None);
    assert_eq!(set.versioned()[0].checksum, 78_787_420);
}

#[test]
fn all_errors_are_told_at_once() {
    let errors = set(&[
        "V1__a.sql",
        "V1.0__b.sql",
        "v2__c.sql",
        "U3__d.sql",
        "R__e.sql",
        "sub/R__e.sql",
        "V4_f.sql",
        "U1__g.sql",
        "U01__h.sql",
    ])
    .unwrap_err();
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "U1__g.sql: has the same version as U01__h.sql: give one of them the next free version",
            "U3__d.sql: takes back version 3, which no `V` file brings: add that file or remove this one",
            "V1__a.sql: has the same version as V1.0__b.sql: give one of them the next free version",
            "V4_f.sql: two underscores stand between version and description: rename it to `V4__f.sql`",
            "sub/R__e.sql: has the same description as R__e.sql: rename one of them",
            "v2__c.sql: the prefix is a capital letter: rename it to `V2__c.sql`",
        ]
    );
}

#[test]
fn directives_stand_before_the_first_statement() {
    let read = |text: &str| {
        MigrationSet::from_files([("V1__x.sql", text)]).map(|set| set.versioned[0].transactional)
    };
    for text in [
        "-- tenantry:no-transaction\nSELECT 1",
        "\u{feff}-- why\n/* and how */\n\n--tenantry:no-transaction  \r\nSELECT 1",
    ] {
        assert!(!read(text).unwrap(), "{text:?}");
    }
    for text in [
        "",
        "SELECT 1; -- tenantry:no-transaction",
        "SELECT 1;\n-- tenantry:no-transaction",
        "/* tenantry:no-transaction */ SELECT 1",
        "-- see tenantry:no-transaction\nSELECT 1",
    ] {
        assert!(read(text).unwrap(), "{text:?}");
    }
    let errors = read("-- tenantry:no_transaction\nSELECT 1").unwrap_err();
    assert!(
        matches!(&errors[0].problem, FileProblem::Directive(word) if word == "no_transaction"),
        "{errors:?}"
    );
}

#[test]
fn a_file_cannot_end_its_own_transaction() {
    for (text, word) in [
        ("CREATE TABLE a (); COMMIT; CREATE TABLE b ();", Some("COMMIT")),
        ("-- all of it\nBEGIN; SELECT 1; END;", Some("BEGIN")),
        ("/* x */ start transaction;", Some("START")),
        ("PREPARE TRANSACTION 'x'", Some("PREPARE")),
        ("ROLLBACK", Some("ROLLBACK")),
        ("SAVEPOINT a; ROLLBACK TO a", None),
        ("PREPARE q AS SELECT 1", None),
        ("DO $$ BEGIN PERFORM 1; END $$; COMMENT ON SCHEMA a IS 'COMMIT;'", None),
        ("-- tenantry:no-transaction\nBEGIN; SELECT 1; COMMIT;", None),
    ] {
        let errors = MigrationSet::from_files([("V1__a.sql", text)]).err().unwrap_or_default();
        let found = errors.iter().find_map(|error| match &error.problem {
            FileProblem::TransactionControl(word) => Some(word.as_str()),
            _ => None,
        });
        assert_eq!(found, word, "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_not_run() {
    let set = MigrationSet::from_files([("V1__x.sql", "\u{feff}SELECT 1;")]).unwrap();
    assert_eq!(set.versioned()[0].sql, "SELECT 1;");
    assert_eq!(set.versioned()[0].checksum, 78_787_420);
}

#[test]
fn folders_are_read_with_their_folders() {
    let folder = Folder::new("good");
    folder.write("V1__a.sql", b"SELECT 1;");
    folder.write("later/V2__b.SQL", b"SELECT 2;");
    folder.write("..data/V1__a.sql", b"SELECT 1;");
    folder.write("README.md", b"text");
    let set = MigrationSet::load(&folder.0).unwrap();
    assert_eq!(scripts(set.versioned()), ["V1__a.sql", "later/V2__b.SQL"]);
}

#[test]
fn unreadable_files_are_told_with_the_rest() {
    let folder = Folder::new("bad");
    folder.write("V1__a.sql", b"SELECT '\xff';");
    folder.write("V2_b.sql", b"SELECT 1;");
    fs::create_dir(folder.0.join("V3__c.sql")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.0.join("V4__d.sql")).unwrap();
    let errors = MigrationSet::load(&folder.0).unwrap_err();
    let mut files: Vec<&str> = errors.iter().map(|error| error.file.as_str()).collect();
    files.sort_unstable();
    assert_eq!(files, ["V1__a.sql", "V2_b.sql", "V4__d.sql"]);
    let missing = MigrationSet::load(&folder.0.join("absent")).unwrap_err();
    assert!(matches!(missing[..], [MigrationFileError { problem: FileProblem::Io(_), .. }]));
}

proptest! {
    #[test]
    fn order_of_files_does_not_matter(
        names in prop::collection::hash_set("[VUR]([0-9]{1,2}(\\.0)?)?(__[ab])?\\.sql", 0..8),
        seed in any::<prop::sample::Index>(),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut turned = names.clone();
        turned.rotate_left(seed.index(names.len().max(1)));
        turned.reverse();
        let told = |errors: Vec<MigrationFileError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        prop_assert_eq!(set(&names).map_err(told), set(&turned).map_err(told));
    }
}
