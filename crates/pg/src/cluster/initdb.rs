//! The first start: makes a cluster, all of it or nothing.
//!
//! Owns: `<data_dir>/pg` until the server runs, `<data_dir>/superuser.password`. Calls: `initdb`, `user`, `place`.
//! Called by: `cluster`.
//! Invariants: `pg` is a whole cluster or absent, whenever we die (`killed_during_initdb_starts_afresh`); its password
//! was on disk before it (same test).
//! After a crash: a folder `pg.init-…` may be left; the next start removes it and makes another.

use super::error::{ClusterError, folder};
use super::find::Binaries;
use super::pause;
use super::place::{Place, hex, write_new};
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

const HALF_MADE: &str = "pg.init-";

/// Sees to it that there is a cluster; gives the superuser's password.
pub(super) fn ensure(place: &Place, binaries: &Binaries, ephemeral: bool) -> Result<String, ClusterError> {
    sweep(&place.base)?;
    let pg = place.pg();
    if pg.exists() {
        if place.made_by().is_none() {
            return Err(ClusterError::NotCluster(pg));
        }
        let file = place.password_file();
        let password = fs::read_to_string(&file).map_err(folder("read", &file))?;
        return Ok(password.trim().to_owned());
    }
    let password = random(32)?;
    write_new(&place.password_file(), format!("{password}\n").as_bytes(), 0o600, Some(&place.run_as))?;
    let half = place.base.join(format!("{HALF_MADE}{}", random(6)?));
    DirBuilder::new().mode(0o700).create(&half).map_err(folder("make", &half))?;
    let made = place.run_as.give(&half).and_then(|()| make(place, binaries, &half, ephemeral));
    if let Err(error) = made {
        let _ = remove(&half);
        return Err(error);
    }
    fs::rename(&half, &pg).map_err(folder("make", &pg))?;
    File::open(&place.base).and_then(|dir| dir.sync_all()).map_err(folder("save", &place.base))?;
    Ok(password)
}

/// In byte order everywhere; where the C library has no `C.UTF-8`, with plain `C` (letters beyond ASCII have no case).
fn make(place: &Place, binaries: &Binaries, half: &Path, ephemeral: bool) -> Result<(), ClusterError> {
    let mut detail = String::new();
    for locale in ["C.UTF-8", "C"] {
        let mut initdb = place.run_as.command(binaries.program("initdb"));
        initdb
            .args(["--username=postgres", "--encoding=UTF8", "--auth=scram-sha-256", "--data-checksums"])
            .args(["--no-instructions", "--locale", locale, "--pwfile"])
            .arg(place.password_file())
            .arg("--pgdata")
            .arg(half);
        if ephemeral {
            initdb.arg("--no-sync");
        }
        let output = place.run_as.output(&mut initdb)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        detail =
            if said.trim().is_empty() { output.status.to_string() } else { said.trim().replace('\n', " / ") };
        if !detail.contains("invalid locale") {
            break;
        }
    }
    Err(ClusterError::Initdb { path: place.base.clone(), detail })
}

/// Removes what starts that were killed have left.
fn sweep(base: &Path) -> Result<(), ClusterError> {
    for entry in fs::read_dir(base).map_err(folder("read", base))?.flatten() {
        if entry.file_name().as_bytes().starts_with(HALF_MADE.as_bytes()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// An orphaned `initdb` may still be writing there. It fails once its files are gone; until then the folder fills again.
fn remove(half: &Path) -> Result<(), ClusterError> {
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(half) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound && !half.exists() => return Ok(()),
            Err(error) if tries == 1000 => return Err(folder("remove", half)(error)),
            Err(_) => tries += 1,
        }
        pause();
    }
}

fn random(bytes: usize) -> Result<String, ClusterError> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)?;
    Ok(hex(&buffer))
}
