//! Tests of the search, with this machine's server and with folders made to mislead.
//!
//! Owns: nothing. Calls: `find`, this machine's server. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::super::tests::Scratch;
use super::*;
use std::os::unix::fs::symlink;

impl Machine {
    pub(in super::super) fn new(path: &[PathBuf], root: &Path) -> Self {
        Self { path: path.to_vec(), root: root.to_owned() }
    }
}

fn us() -> RunAs {
    RunAs::for_cluster(Path::new("/nonexistent")).unwrap()
}

fn real() -> Binaries {
    server(None, None, &Machine::this(), &us()).unwrap()
}

#[test]
fn a_version_is_read_as_it_is_printed() {
    for (text, major, full) in [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", 15, "15.18"),
        ("postgres (PostgreSQL) 18beta1", 18, "18beta1"),
        ("postgres (PostgreSQL) 9.6.24", 9, "9.6.24"),
        ("postgres (PostgreSQL) 19devel", 19, "19devel"),
    ] {
        assert_eq!(parse_version(text), Some((major, full.to_owned())));
    }
    assert_eq!(parse_version("sudo: a password is required"), None);
}

#[test]
fn newest_first_and_unnumbered_last() {
    let scratch = Scratch::new();
    for name in [
        "usr/lib/postgresql/9.6",
        "usr/lib/postgresql/15",
        "usr/lib/postgresql/17",
        "usr/pgsql-16",
        "usr/share",
    ] {
        fs::create_dir_all(scratch.join(name)).unwrap();
    }
    for name in ["postgresql", "postgresql@16", "postgresql@17", "redis"] {
        fs::create_dir_all(scratch.join("opt/homebrew/opt").join(name)).unwrap();
    }
    let found = Machine::new(&[], &scratch.0).candidates(&us());
    let found: Vec<_> =
        found.iter().map(|dir| dir.strip_prefix(&scratch.0).unwrap().to_str().unwrap()).collect();
    let expected = [
        "usr/lib/postgresql/17/bin",
        "usr/lib/postgresql/15/bin",
        "usr/lib/postgresql/9.6/bin",
        "usr/pgsql-16/bin",
        "usr/local/pgsql/bin",
        "opt/homebrew/opt/postgresql@17/bin",
        "opt/homebrew/opt/postgresql@16/bin",
        "opt/homebrew/opt/postgresql/bin",
    ];
    assert_eq!(found, expected);
}

#[test]
fn links_lead_to_the_real_folder() {
    let (scratch, real) = (Scratch::new(), real());
    for name in ["initdb", "postgres", "pg_ctl"] {
        symlink(real.program(name), scratch.join(name)).unwrap();
    }
    let found =
        server(None, None, &Machine::new(std::slice::from_ref(&scratch.0), &scratch.0), &us()).unwrap();
    assert_eq!(found, real);
}

/// `libpq-dev` brings a `pg_config` without a server; a wrapper takes the name; an old server comes first.
#[test]
fn a_folder_without_a_server_is_passed_over() {
    let (scratch, real) = (Scratch::new(), real());
    scratch.script("dev/pg_config", "#!/bin/sh\necho /usr/lib/postgresql/none/bin");
    for name in ["initdb", "postgres", "pg_ctl"] {
        scratch.script(
            &format!("wrapped/{name}"),
            &format!("#!/bin/sh\nexec {} \"$@\"", real.program(name).display()),
        );
        scratch.script(&format!("old/{name}"), "#!/bin/sh\necho 'postgres (PostgreSQL) 12.1'");
        scratch.script(&format!("broken/{name}"), "#!/bin/sh\nexit 1");
    }
    let mut path = ["dev", "wrapped", "old", "broken"].map(|name| scratch.join(name)).to_vec();
    let refused = server(None, None, &Machine::new(&path, &scratch.0), &us()).unwrap_err();
    assert!(matches!(refused, ClusterError::TooOld { ref version, .. } if version == "12.1"), "{refused}");
    path.push(real.dir.clone());
    assert_eq!(server(None, None, &Machine::new(&path, &scratch.0), &us()).unwrap(), real);
}

#[test]
fn what_was_wrong_with_near_misses_is_told() {
    let scratch = Scratch::new();
    for name in ["initdb", "postgres", "pg_ctl"] {
        scratch.script(&format!("broken/{name}"), "#!/bin/sh\necho 'no libpq' >&2; exit 3");
    }
    let machine = Machine::new(&[scratch.join("broken")], &scratch.0);
    let refused = server(None, None, &machine, &us()).unwrap_err().to_string();
    assert!(refused.contains("broken/initdb --version ended with exit status: 3: no libpq"), "{refused}");
}

#[test]
fn data_choose_their_own_major() {
    let at =
        |major: u32| Binaries { dir: PathBuf::from(format!("/{major}")), major, full: format!("{major}.1") };
    let mut search =
        Search { made_by: Some((16, Path::new("/d"))), too_old: None, other: None, wrong: Vec::new() };
    assert_eq!(search.fits(at(17)), None);
    assert_eq!(search.fits(at(16)), Some(at(16)));
    assert_eq!(search.fits(at(18)), None);
    let told = search.into_error(None);
    assert!(
        matches!(told, ClusterError::OtherMajor { made_by: 16, ref found, .. } if found == "18.1"),
        "{told}"
    );
}
