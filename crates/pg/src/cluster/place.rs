//! Where a cluster lives: its folders, its lock, its password file.
//!
//! Owns: `<data_dir>/{lock,location,ephemeral,superuser.password,postgres.log,pg,run}`, and below the temp folder
//! `tenantry-<hash>` where the socket's path would be too long. Calls: `user`. Called by: `cluster` and its siblings.
//! Invariants: one live `Cluster` per folder (`two_at_once_are_refused`); a throw-away cluster never claims, and so
//! never removes, a folder that holds something else (`ephemeral_leaves_foreign_folders_alone`); where root's folder is
//! closed to the server's user the data go to `/var/lib/tenantry` (`a_folder_closed_to_the_server_is_relocated`); a
//! socket's path fits the kernel's limit (`a_long_path_gets_a_short_socket`).
//! After a crash: the lock goes with the process; the rest is what the next start begins from.

use super::error::{ClusterError, folder};
use super::user::RunAs;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf, absolute};

/// The kernels take 104 to 108 bytes, the end mark among them.
const LONGEST_SOCKET: usize = 100;
/// Where root keeps data that the server's user could not reach.
const SHELTER: &str = "/var/lib/tenantry";

/// The folders, known but not made yet.
#[derive(Debug)]
pub(super) struct Place {
    /// What was asked for, links resolved.
    pub(super) asked: PathBuf,
    /// Where the data are: `asked`, or its shelter.
    pub(super) base: PathBuf,
    pub(super) run_as: RunAs,
}

/// The folders, made and locked.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) place: Place,
    pub(super) socket_dir: PathBuf,
    /// Held for the life of the claim; the watchdog of a throw-away cluster shares it.
    pub(super) lock: File,
}

impl Place {
    /// Changes nothing on disk.
    pub(super) fn resolve(data_dir: &Path) -> Result<Self, ClusterError> {
        let wanted = absolute(data_dir).map_err(folder("find", data_dir))?;
        let asked = match (fs::canonicalize(&wanted), wanted.parent(), wanted.file_name()) {
            (Ok(real), ..) => real,
            (Err(error), Some(parent), Some(name)) if error.kind() == ErrorKind::NotFound => {
                fs::canonicalize(parent).map_err(folder("make", &wanted))?.join(name)
            }
            (Err(error), ..) => return Err(folder("open", &wanted)(error)),
        };
        let noted = match fs::read(asked.join("location")) {
            Ok(text) => {
                text.split(|byte| *byte == b'\n').next().map(|line| PathBuf::from(OsStr::from_bytes(line)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(folder("read", &asked.join("location"))(error)),
        };
        let base = noted.unwrap_or_else(|| asked.clone());
        let run_as = RunAs::for_cluster(&base.join("pg"))?;
        let mut place = Self { asked, base, run_as };
        if place.base == place.asked && place.is_closed()? {
            if place.pg().exists() {
                return Err(ClusterError::Unreachable {
                    user: place.run_as.name().to_owned(),
                    path: place.pg(),
                });
            }
            place.base = shelter(&place.asked);
            // Data may be there from before the asked folder was emptied; their owner is who runs them.
            place.run_as = RunAs::for_cluster(&place.pg())?;
        }
        Ok(place)
    }

    /// Whether the server's user is kept out by a folder above. The data folder itself is ours to open.
    fn is_closed(&self) -> Result<bool, ClusterError> {
        Ok(!self.run_as.can_enter(self.base.parent().unwrap_or(&self.base))?)
    }

    pub(super) fn pg(&self) -> PathBuf {
        self.base.join("pg")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.base.join("postgres.log")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.base.join("superuser.password")
    }

    /// The major version that wrote the data, if there are any.
    pub(super) fn made_by(&self) -> Option<u32> {
        fs::read_to_string(self.pg().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// Makes the folders and takes the lock.
    pub(super) fn claim(self, ephemeral: bool) -> Result<Claim, ClusterError> {
        let marker = self.base.join("ephemeral");
        if ephemeral && !marker.exists() {
            refuse_foreign(&self.base)?;
        }
        if ephemeral && self.base != self.asked {
            refuse_foreign(&self.asked)?;
        }
        if self.base != self.asked {
            make_dir(Path::new(SHELTER), 0o755)?;
            make_dir(&self.asked, 0o700)?;
            let mut note = self.base.as_os_str().as_bytes().to_vec();
            note.extend_from_slice(
                b"\nThe data are there because the user who runs PostgreSQL cannot enter this folder.\n",
            );
            write_new(&self.asked.join("location"), &note, 0o644, None)?;
        }
        make_dir(&self.base, if self.run_as.drops() { 0o711 } else { 0o700 })?;
        self.open_to_server()?;
        let lock = self.lock()?;
        if ephemeral {
            write_new(&marker, b"removed with its cluster\n", 0o644, None)?;
        } else if marker.exists() {
            return Err(ClusterError::LeftByEphemeral(self.base));
        }
        let socket_dir = self.make_socket_dir()?;
        Ok(Claim { place: self, socket_dir, lock })
    }

    /// Passage without a view: the rest of what is in the data folder is not the server's business.
    fn open_to_server(&self) -> Result<(), ClusterError> {
        if self.run_as.can_enter(&self.base)? {
            return Ok(());
        }
        let mode = fs::metadata(&self.base).map_err(folder("read", &self.base))?.mode();
        let open = Permissions::from_mode(mode & 0o7777 | 0o011);
        fs::set_permissions(&self.base, open).map_err(folder("open to PostgreSQL's user", &self.base))?;
        if self.run_as.can_enter(&self.base)? {
            return Ok(());
        }
        Err(ClusterError::Unreachable { user: self.run_as.name().to_owned(), path: self.base.clone() })
    }

    fn lock(&self) -> Result<File, ClusterError> {
        let path = self.base.join("lock");
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let mut file = options.open(&path).map_err(folder("open", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let pid =
                        file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().parse::<u32>().ok());
                    let holder =
                        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
                    return Err(ClusterError::InUse { data_dir: self.asked.clone(), holder });
                }
                Err(TryLockError::Error(error)) => return Err(folder("lock", &path)(error)),
            }
            // A watchdog may have removed the folder between our two calls: then this is the lock of nothing.
            let ours = file.metadata().map_err(folder("read", &path))?;
            if fs::metadata(&path).is_ok_and(|there| there.ino() == ours.ino() && there.dev() == ours.dev()) {
                let note = format!("{}\n", std::process::id());
                file.set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| file.write_all(note.as_bytes()))
                    .map_err(folder("write", &path))?;
                return Ok(file);
            }
            make_dir(&self.base, if self.run_as.drops() { 0o711 } else { 0o700 })?;
        }
    }

    /// `<base>/run`, or a short folder where the path would not fit or would be read as a list.
    fn make_socket_dir(&self) -> Result<PathBuf, ClusterError> {
        let near = self.base.join("run");
        let dir = if fits_a_socket(&near) { near } else { self.short_dir()? };
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => self.run_as.give(&dir)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(folder("make", &dir)(error)),
        }
        // The temp folder is everybody's: a folder that somebody else has put there is not ours to use.
        let found = fs::symlink_metadata(&dir).map_err(folder("read", &dir))?;
        let base = fs::metadata(&self.base).map_err(folder("read", &self.base))?;
        if !found.is_dir() || found.uid() != self.run_as.uid_or(base.uid()) {
            let taken = std::io::Error::new(ErrorKind::PermissionDenied, "it belongs to another user");
            return Err(folder("use the socket folder", &dir)(taken));
        }
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).map_err(folder("close", &dir))?;
        Ok(dir)
    }

    fn short_dir(&self) -> Result<PathBuf, ClusterError> {
        let name = format!("tenantry-{}", short_hash(&self.base));
        for temp in [std::env::temp_dir(), PathBuf::from("/tmp")] {
            let dir = temp.join(&name);
            if temp.is_absolute() && fits_a_socket(&dir) && self.run_as.can_enter(&temp)? {
                return Ok(dir);
            }
        }
        let long =
            std::io::Error::new(ErrorKind::InvalidFilename, "its path is too long, and /tmp cannot be used");
        Err(folder("put a socket below", &self.base)(long))
    }
}

/// A throw-away cluster removes its folder: it must be the only one who lives there.
fn refuse_foreign(dir: &Path) -> Result<(), ClusterError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(folder("read", dir)(error)),
    };
    let ours = ["lock", "location"].map(OsStr::new);
    let foreign = entries.flatten().any(|entry| !ours.contains(&entry.file_name().as_os_str()));
    if foreign { Err(ClusterError::NotEphemeral(dir.to_owned())) } else { Ok(()) }
}

fn shelter(asked: &Path) -> PathBuf {
    let name = asked.file_name().unwrap_or_default().to_string_lossy();
    let safe: String = name
        .trim_start_matches('.')
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let safe = if safe.is_empty() { "data" } else { &safe[..safe.len().min(32)] };
    Path::new(SHELTER).join(format!("{safe}-{}", short_hash(asked)))
}

fn short_hash(path: &Path) -> String {
    hex(&Sha256::digest(path.as_os_str().as_bytes())[..6])
}

/// `unix_socket_directories` is a list: commas part it, quotes quote.
fn fits_a_socket(dir: &Path) -> bool {
    let bytes = dir.as_os_str().as_bytes();
    bytes.len() + "/.s.PGSQL.5432".len() <= LONGEST_SOCKET
        && !bytes.iter().any(|byte| b",\"\n".contains(byte))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Makes one folder (not those above it) unless it is there.
fn make_dir(dir: &Path, mode: u32) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(mode).create(dir) {
        // Once more, because the process's umask may have taken bits away.
        Ok(()) => {
            fs::set_permissions(dir, Permissions::from_mode(mode)).map_err(folder("set the mode of", dir))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(folder("make", dir)(error)),
    }
}

/// Writes a file that is either there in full or not at all, also after a power cut.
pub(super) fn write_new(
    path: &Path,
    text: &[u8],
    mode: u32,
    owner: Option<&RunAs>,
) -> Result<(), ClusterError> {
    let half = path.with_added_extension("new");
    if let Err(error) = fs::remove_file(&half)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(folder("remove", &half)(error));
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&half)
        .map_err(folder("make", &half))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(folder("write", &half))?;
    if let Some(owner) = owner {
        owner.give(&half)?;
    }
    fs::rename(&half, path).map_err(folder("make", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_is_short_and_names_no_list() {
        assert!(fits_a_socket(Path::new("/home/me/project/.tenantry/run")));
        assert!(!fits_a_socket(Path::new("/home/me/a,b/run")));
        let long = format!("/{}", "x".repeat(LONGEST_SOCKET - "/.s.PGSQL.5432".len()));
        assert!(!fits_a_socket(Path::new(&long)));
        assert!(fits_a_socket(Path::new(&long[..long.len() - 1])));
    }

    #[test]
    fn a_shelter_has_a_tame_name_of_its_own() {
        let one = shelter(Path::new("/root/app one/.tenantry"));
        assert!(one.to_str().unwrap().starts_with("/var/lib/tenantry/tenantry-"), "{one:?}");
        assert_ne!(one, shelter(Path::new("/root/app two/.tenantry")));
        assert!(shelter(Path::new("/root/é…")).to_str().unwrap().starts_with("/var/lib/tenantry/data-"));
    }
}
