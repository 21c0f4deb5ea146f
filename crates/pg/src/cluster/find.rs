//! Finds the programs of a PostgreSQL server on this machine.
//!
//! Owns: nothing. Calls: `user`; runs `pg_config`, `initdb --version`, `postgres --version`. Called by: `cluster`.
//! Invariants: a folder counts only when its programs run and are new enough
//! (`an_old_server_is_refused_by_its_version`, `a_folder_without_a_server_is_passed_over`); the folder of an
//! existing cluster's own major version is preferred to a newer one (`data_choose_their_own_major`).
//! After a crash: nothing is left.

use super::OLDEST;
use super::error::ClusterError;
use super::user::RunAs;
use std::cmp::Reverse;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The real folder, links resolved: `initdb` and `postgres` look for their neighbours there.
    pub(super) dir: PathBuf,
    pub(super) major: u32,
    /// As printed, such as `15.18` or `18beta1`.
    pub(super) full: String,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// What the search goes by: the `PATH` and the root below which the distributions have their folders.
pub(super) struct Machine {
    path: Vec<PathBuf>,
    root: PathBuf,
}

impl Machine {
    pub(super) fn this() -> Self {
        // Not configuration of ours: the search path of every program.
        let path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        Self { path, root: PathBuf::from("/") }
    }

    /// Every folder worth a look, best first.
    fn candidates(&self, run_as: &RunAs) -> Vec<PathBuf> {
        let configured = self.path.iter().map(|dir| dir.join("pg_config")).find(|file| file.is_file());
        let configured = configured.and_then(|file| {
            let output = run_as.command(file).arg("--bindir").output().ok()?;
            let line = output.stdout.split(|byte| *byte == b'\n').next()?;
            (!line.is_empty()).then(|| PathBuf::from(OsString::from_vec(line.to_vec())))
        });
        let usual = [("usr/lib/postgresql", ""), ("usr", "pgsql-")];
        let brewed = [("opt/homebrew/opt", "postgresql"), ("usr/local/opt", "postgresql")];
        configured
            .into_iter()
            .chain(self.path.iter().cloned())
            .chain(usual.iter().flat_map(|(parent, prefix)| self.versions(parent, prefix)))
            .chain([self.root.join("usr/local/pgsql/bin")])
            .chain(brewed.iter().flat_map(|(parent, prefix)| self.versions(parent, prefix)))
            .collect()
    }

    /// `<parent>/<prefix><version>/bin`, newest first.
    fn versions(&self, parent: &str, prefix: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.root.join(parent)) else { return Vec::new() };
        let mut found: Vec<(Option<u32>, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let rest = name.strip_prefix(prefix)?;
                let version = rest.trim_start_matches('@').split('.').next().and_then(|n| n.parse().ok());
                Some((version, entry.path().join("bin")))
            })
            .collect();
        found.sort_by_key(|(version, _)| Reverse(*version));
        found.into_iter().map(|(_, dir)| dir).collect()
    }
}

/// A server to run `made_by`'s data with (or any, where there are none yet): from `asked` alone if that is given,
/// else the first that fits.
pub(super) fn server(
    asked: Option<&Path>,
    made_by: Option<(u32, &Path)>,
    machine: &Machine,
    run_as: &RunAs,
) -> Result<Binaries, ClusterError> {
    let mut search = Search { made_by, too_old: None, other: None, wrong: Vec::new() };
    if let Some(dir) = asked {
        return match probe(dir, run_as) {
            Ok(found) => search.fits(found).ok_or_else(|| search.into_error(None)),
            Err(reason) => Err(ClusterError::BadBinDir { dir: dir.to_owned(), reason }),
        };
    }
    let candidates = machine.candidates(run_as);
    let mut seen = Vec::new();
    for dir in candidates {
        // Both, because /bin is often a link to /usr/bin, and the PATH names folders twice.
        let Ok(real) = fs::canonicalize(dir.join("initdb")) else { continue };
        if seen.contains(&real) {
            continue;
        }
        seen.push(real);
        match probe(&dir, run_as) {
            Ok(found) if is_script(&found.program("postgres")) && found.major >= OLDEST => {
                search.wrong.push(format!("{} is a wrapper", found.program("postgres").display()));
            }
            Ok(found) => {
                if let Some(fitting) = search.fits(found) {
                    return Ok(fitting);
                }
            }
            Err(reason) => search.wrong.push(reason),
        }
    }
    Err(search.into_error(Some("pg_config --bindir, the PATH, /usr/lib/postgresql and its like elsewhere")))
}

/// What was found on the way and did not do, so that the error can tell the nearest miss.
struct Search<'a> {
    made_by: Option<(u32, &'a Path)>,
    too_old: Option<Binaries>,
    other: Option<Binaries>,
    wrong: Vec<String>,
}

impl Search<'_> {
    fn fits(&mut self, found: Binaries) -> Option<Binaries> {
        let miss = if found.major < OLDEST {
            &mut self.too_old
        } else if self.made_by.is_some_and(|(major, _)| major != found.major) {
            &mut self.other
        } else {
            return Some(found);
        };
        if miss.as_ref().is_none_or(|known| known.major < found.major) {
            *miss = Some(found);
        }
        None
    }

    fn into_error(self, looked: Option<&str>) -> ClusterError {
        match (self.other, self.made_by, self.too_old) {
            (Some(other), Some((made_by, data_dir)), _) => {
                ClusterError::OtherMajor { data_dir: data_dir.to_owned(), made_by, found: other.full }
            }
            (_, _, Some(old)) => ClusterError::TooOld { dir: old.dir, version: old.full },
            _ => {
                let looked = looked.iter().map(|text| (*text).to_owned()).chain(self.wrong);
                ClusterError::NotFound { looked: looked.collect::<Vec<_>>().join("; ") }
            }
        }
    }
}

/// Runs the programs as the user who will run them later. The error is a reason, without a remedy.
fn probe(dir: &Path, run_as: &RunAs) -> Result<Binaries, String> {
    let link = dir.join("initdb");
    let real = fs::canonicalize(&link).map_err(|error| format!("{}: {error}", link.display()))?;
    let dir = real.parent().unwrap_or(dir).to_owned();
    for name in ["initdb", "postgres", "pg_ctl"] {
        if !dir.join(name).is_file() {
            return Err(format!("{} has no {name}", dir.display()));
        }
    }
    version(&dir.join("initdb"), run_as)?;
    let (major, full) = version(&dir.join("postgres"), run_as)?;
    Ok(Binaries { dir, major, full })
}

fn version(program: &Path, run_as: &RunAs) -> Result<(u32, String), String> {
    let shown = program.display();
    let output = run_as.command(program).arg("--version").output();
    let output = output.map_err(|error| format!("{shown} --version, as {}: {error}", run_as.name()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text).filter(|_| output.status.success()).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("{shown} --version ended with {}: {}", output.status, said.trim())
    })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` gives `(15, "15.18")`.
fn parse_version(text: &str) -> Option<(u32, String)> {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = word.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((digits.parse().ok()?, word.to_owned()))
}

/// A wrapper may not pass signals on, and hides the folder of the real thing.
fn is_script(program: &Path) -> bool {
    let mut head = [0; 2];
    fs::File::open(program).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"#!"
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
