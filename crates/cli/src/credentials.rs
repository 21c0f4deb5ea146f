//! What `tenantry login` keeps: one sign-in for each server, in the user's configuration folder.
//!
//! Owns: `credentials.json` and its lock. Calls: nothing. Called by: settings, session, `commands::login`.
//! Invariants: nobody but the user may read it, and it is whole at every moment (`credentials_are_the_users_alone`); one that others can
//! read is not used (`credentials_that_others_can_read_are_refused`); no token shows in debug output (`no_kept_token_is_ever_printed`).
//! After a crash: a `.part` file is left, which the next change replaces; the lock goes with the process.

use crate::outcome::{Exit, Failure};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};
use tenantry_types::identity::{Proof, SignedIn};

const FILE: &str = "credentials.json";

/// The sign-in at one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// What requests carry.
    pub access_token: Proof,
    /// When that ends.
    pub expires_at: DateTime<Utc>,
    /// Good once, for the next access token.
    pub refresh_token: Proof,
    /// The tenant that the next access token has to be for, where the sign-in or `tenantry switch` went; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The workspace in it, where one was named; absent: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

impl Kept {
    /// What `signed` brings at `now`. `before` has the refresh token where no new one came.
    pub(crate) fn of(signed: &SignedIn, before: Option<&Self>, now: DateTime<Utc>) -> Result<Self, Failure> {
        let refresh_token = signed.refresh_token.clone().or_else(|| Some(before?.refresh_token.clone()));
        let seconds = i64::try_from(signed.expires_in).ok().and_then(TimeDelta::try_seconds);
        let expires_at = seconds.and_then(|length| now.checked_add_signed(length));
        let (Some(refresh_token), Some(expires_at)) = (refresh_token, expires_at) else {
            let detail = "the answer to the sign-in is not what this version understands";
            return Err(
                Failure::local("not_understood", detail).next("compare the versions: `tenantry doctor`")
            );
        };
        Ok(Self {
            access_token: signed.access_token.clone(),
            expires_at,
            refresh_token,
            tenant: before.and_then(|before| before.tenant.clone()),
            workspace: before.and_then(|before| before.workspace.clone()),
        })
    }
}

/// What is in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    /// The server that was signed in to last.
    #[serde(default)]
    pub current: Option<String>,
    /// By address.
    #[serde(default)]
    pub servers: BTreeMap<String, Kept>,
}

/// The folder with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// The store while no other command changes it.
pub(crate) struct Locked<'s> {
    store: &'s Store,
    // Closing it lets the next command in.
    _lock: File,
}

impl Store {
    /// The folder `tenantry` in the user's configuration folder; none where the environment names neither that nor a home.
    pub(crate) fn of(lookup: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let folder = |key: &str| lookup(key).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
        Some(Self { folder: config.join("tenantry") })
    }

    /// What is kept; nothing where there is no file.
    pub(crate) fn read(&self) -> Result<Book, Failure> {
        let path = self.folder.join(FILE);
        let refuse = |why: String| bad(format!("{}: {why}", path.display()));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Book::default());
            }
            Err(error) => return Err(refuse(error.to_string())),
        };
        let mode = fs::metadata(&path)?.permissions().mode();
        if mode & 0o077 != 0 {
            let failure = refuse("others on this machine can read or change it".to_owned());
            return Err(failure.next(format!("`chmod 600 {}`, and log in again", path.display())));
        }
        // The parser's own words may quote the file, and with it a token.
        serde_json::from_str(&text).map_err(|_| {
            refuse("is not what `tenantry login` writes".to_owned())
                .next("remove the file, and log in again: `tenantry login`")
        })
    }

    /// Waits until no other command changes the file. Nobody may ask for it twice in one process.
    pub(crate) fn locked(&self) -> Result<Locked<'_>, Failure> {
        let lock = self.lock().map_err(|error| self.unwritable(&error))?;
        Ok(Locked { store: self, _lock: lock })
    }

    fn lock(&self) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if fs::metadata(&self.folder)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
        }
        let mut options = OpenOptions::new();
        let lock = options.create(true).truncate(false).write(true).mode(0o600);
        let lock = lock.open(self.folder.join("credentials.lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    fn write(&self, book: &Book) -> io::Result<()> {
        let (part, path) = (self.folder.join(format!("{FILE}.part")), self.folder.join(FILE));
        if let Err(error) = fs::remove_file(&part)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
        file.write_all(&serde_json::to_vec_pretty(book)?)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        let detail = format!("{} cannot be written: {error}", self.folder.join(FILE).display());
        Failure::local("io", detail)
    }

    #[cfg(test)]
    pub(crate) fn in_folder(folder: &std::path::Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

impl Locked<'_> {
    /// What is kept for `url` now.
    pub(crate) fn kept(&self, url: &str) -> Result<Option<Kept>, Failure> {
        Ok(self.store.read()?.servers.remove(url))
    }

    /// Keeps the sign-in at `url`, and makes it the one that is used when no server is named.
    pub(crate) fn keep(&self, url: &str, kept: Kept) -> Result<(), Failure> {
        let mut book = self.store.read()?;
        book.servers.insert(url.to_owned(), kept);
        book.current = Some(url.to_owned());
        self.store.write(&book).map_err(|error| self.store.unwritable(&error))
    }

    /// Keeps what came anew for a sign-in that is there.
    pub(crate) fn renew(&self, url: &str, kept: Kept) -> Result<(), Failure> {
        let mut book = self.store.read()?;
        book.servers.insert(url.to_owned(), kept);
        self.store.write(&book).map_err(|error| self.store.unwritable(&error))
    }

    /// Forgets the sign-in at `url`.
    pub(crate) fn forget(&self, url: &str) -> Result<(), Failure> {
        let mut book = self.store.read()?;
        book.servers.remove(url);
        book.current = book.current.filter(|current| current != url);
        self.store.write(&book).map_err(|error| self.store.unwritable(&error))
    }
}

fn bad(detail: String) -> Failure {
    Failure::local("bad_settings", detail).exit(Exit::Usage)
}

/// Where the file is, for people.
pub(crate) fn path_of(store: &Store) -> PathBuf {
    store.folder.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, NOW};
    use std::path::Path;

    fn kept(token: &str) -> Kept {
        Kept {
            access_token: Proof::new(token),
            expires_at: NOW.parse().unwrap(),
            refresh_token: Proof::new(format!("{token}-refresh")),
            tenant: None,
            workspace: None,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn credentials_are_the_users_alone() {
        let home = Folder::new();
        let home_path = home.path().display().to_string();
        let store = Store::of(&|key| (key == "HOME").then(|| home_path.clone())).unwrap();
        let folder = home.path().join(".config/tenantry");
        assert_eq!(path_of(&store), folder.join(FILE));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        // What a crash left behind is readable for everybody.
        home.write(".config/tenantry/credentials.json.part", "{");
        store.locked().unwrap().keep("http://a", kept("one")).unwrap();
        store.locked().unwrap().keep("http://b", kept("two")).unwrap();
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        let mut names: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [FILE, "credentials.lock"]);
        let book = store.read().unwrap();
        assert_eq!((book.current.as_deref(), book.servers.len()), (Some("http://b"), 2));
        store.locked().unwrap().forget("http://b").unwrap();
        let book = store.read().unwrap();
        assert_eq!(
            (book.current, book.servers.into_keys().collect::<Vec<_>>()),
            (None, vec!["http://a".to_owned()])
        );
    }

    #[test]
    fn credentials_that_others_can_read_are_refused() {
        let folder = Folder::new();
        let store = Store::in_folder(folder.path());
        store.locked().unwrap().keep("http://a", kept("s3cret")).unwrap();
        fs::set_permissions(path_of(&store), Permissions::from_mode(0o640)).unwrap();
        let failure = store.read().unwrap_err();
        assert_eq!((failure.code.as_str(), failure.exit), ("bad_settings", Exit::Usage));
        assert!(failure.next_steps[0].contains("chmod 600"), "{failure:?}");
    }

    #[test]
    fn no_kept_token_is_ever_printed() {
        let folder = Folder::new();
        let store = Store::in_folder(folder.path());
        store.locked().unwrap().keep("http://a", kept("s3cret")).unwrap();
        assert!(!format!("{:?}", store.read().unwrap()).contains("s3cret"));
        fs::write(path_of(&store), "{\"servers\":{\"http://a\":s3cret}}").unwrap();
        assert!(!format!("{:?}", store.read().unwrap_err()).contains("s3cret"));
    }

    #[test]
    fn the_folder_is_where_the_environment_says() {
        let of = |vars: &[(&str, &str)]| {
            Store::of(&|key| vars.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
                .map(|store| path_of(&store).display().to_string())
        };
        let file = |path: &str| Some(format!("{path}/tenantry/credentials.json"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), file("/x"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "here")]), file("/h/.config"));
        assert_eq!((of(&[("HOME", "")]), of(&[])), (None, None));
    }
}
