//! Which server, which token: from flags, then the environment, then what `tenantry login` keeps, then what `tenantry dev` left in its data folder.
//!
//! Owns: every look at the environment in this crate. Calls: credentials. Called by: lib, commands.
//! Invariants: each source comes in its turn (`a_sign_in_comes_behind_the_environment_and_before_the_data_folder`); a token goes only to the server it belongs to (`a_token_stays_with_its_server`); it is printed nowhere
//! (`no_token_is_ever_printed`). After a crash: nothing is left.

use crate::{
    credentials::{Book, Kept, Store},
    outcome::{Exit, Failure},
};
use serde::Deserialize;
use std::{
    fmt, fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};
use ureq::http::Uri;

/// Where a server listens that was not told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// What `tenantry dev` writes into its data folder.
const FILE: &str = "cli.json";

/// A token, which does not show in debug output.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// The text, for the `Authorization` header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a command works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Base of every address, without a slash at the end.
    pub url: String,
    /// Absent when none was found, or where there is a sign-in.
    pub token: Option<Token>,
    /// The sign-in at this server, where the user named no token.
    pub login: Option<Login>,
    /// PEM file of the only authorities that are trusted; the public ones when absent.
    pub ca_file: Option<PathBuf>,
    /// Whether the server is on this machine.
    pub loopback: bool,
}

/// A sign-in, and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// Where.
    pub store: Store,
    /// What.
    pub kept: Kept,
}

#[derive(Deserialize)]
struct Left {
    url: String,
    token: String,
}

/// One variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the home of the environment in this crate")]
pub(crate) fn environment(key: &str) -> Option<String> {
    std::env::var(key).ok()
}

/// The proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY` and their kin).
pub(crate) fn environment_proxy() -> Option<ureq::Proxy> {
    ureq::Proxy::try_from_env()
}

/// Whether colour is unwanted: <https://no-color.org>, or a terminal that cannot show it.
pub(crate) fn colourless(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    lookup("NO_COLOR").is_some_and(|value| !value.is_empty())
        || lookup("TERM").is_some_and(|term| term == "dumb")
}

/// Finds `psql`: in `TENANTRY_PG_BIN`, else on `PATH`.
pub(crate) fn psql(lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let folders = lookup("TENANTRY_PG_BIN").into_iter().chain(lookup("PATH"));
    let folders: Vec<PathBuf> =
        folders.flat_map(|list| std::env::split_paths(&list).collect::<Vec<_>>()).collect();
    folders.into_iter().map(|folder| folder.join("psql")).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

impl Settings {
    /// Puts together what flags, environment and data folder say. Reads nothing beyond `lookup` and `folder`.
    pub(crate) fn find(
        url: Option<&str>,
        token: Option<&str>,
        lookup: &dyn Fn(&str) -> Option<String>,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let said = |flag: Option<&str>, key: &str| {
            flag.map(str::to_owned)
                .or_else(|| lookup(key))
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let url = said(url, "TENANTRY_URL").map(|url| checked_url(&url)).transpose()?;
        let token = said(token, "TENANTRY_TOKEN");
        let store = Store::of(lookup).filter(|_| token.is_none());
        let mut book = store.as_ref().map_or_else(|| Ok(Book::default()), Store::read)?;
        let known = |url: &String| token.is_some() || book.servers.contains_key(url);
        let left = if url.as_ref().is_some_and(known) {
            None
        } else {
            left_by_dev(said(None, "TENANTRY_DATA_DIR"), folder)?
        };
        let (url, token) = pair(url, token, left, book.current.take())?;
        let kept = book.servers.remove(&url);
        let login = store.zip(kept).map(|(store, kept)| Login { store, kept });
        let token = token.filter(|_| login.is_none()).map(checked_token).transpose()?;
        let loopback = is_loopback(&url);
        let ca_file = said(None, "TENANTRY_CA_FILE").map(PathBuf::from);
        Ok(Self { url, token, login, ca_file, loopback })
    }
}

/// A token belongs to a server. The one in the data folder goes to the address beside it and nowhere else; one that the
/// user named never goes to an address that some folder above the current one happens to name, unless on this machine.
fn pair(
    url: Option<String>,
    token: Option<String>,
    left: Option<(PathBuf, Left)>,
    current: Option<String>,
) -> Result<(String, Option<String>), Failure> {
    Ok(match (url, token, left) {
        (Some(url), Some(token), _) => (url, Some(token)),
        (Some(url), None, Some((_, left))) if left.url == url => (url, Some(left.token)),
        (Some(url), None, _) => (url, None),
        (None, Some(token), Some((_, left))) if is_loopback(&left.url) => (left.url, Some(token)),
        (None, Some(_), Some((path, left))) => {
            let detail = format!("{} names {}, and the token is not from there", path.display(), left.url);
            return Err(bad(detail).next("set TENANTRY_URL too, to say where the token belongs"));
        }
        (None, Some(token), None) => (DEFAULT_URL.to_owned(), Some(token)),
        (None, None, Some((_, left))) => (left.url, Some(left.token)),
        (None, None, None) => match current {
            Some(url) => (checked_url(&url)?, None),
            None => (DEFAULT_URL.to_owned(), None),
        },
    })
}

fn left_by_dev(data_dir: Option<String>, folder: &Path) -> Result<Option<(PathBuf, Left)>, Failure> {
    let places: Vec<PathBuf> = match data_dir {
        Some(dir) => vec![folder.join(dir).join(FILE)],
        None => folder.ancestors().map(|above| above.join(".tenantry").join(FILE)).collect(),
    };
    for path in places {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                continue;
            }
            Err(error) => {
                let detail = format!("{} cannot be read: {error}", path.display());
                return Err(
                    bad(detail).next("set TENANTRY_URL and TENANTRY_TOKEN, or make the file readable")
                );
            }
        };
        // The parser's own words may quote the file, and with it the token.
        let Ok(mut left) = serde_json::from_str::<Left>(&text) else {
            let detail = format!("{} is not what `tenantry dev` writes", path.display());
            return Err(bad(detail).next("start `tenantry dev` again, which writes it anew"));
        };
        left.url = checked_url(&left.url)?;
        return Ok(Some((path, left)));
    }
    Ok(None)
}

fn bad(detail: impl Into<String>) -> Failure {
    Failure::local("bad_settings", detail).exit(Exit::Usage)
}

fn checked_url(text: &str) -> Result<String, Failure> {
    let refuse = || {
        bad("the server's address must be of the form http://host:port or https://host")
            .next("correct --url or TENANTRY_URL")
    };
    let uri: Uri = text.parse().map_err(|_| refuse())?;
    let plain =
        uri.authority().is_some_and(|authority| !authority.as_str().contains('@')) && uri.query().is_none();
    if !matches!(uri.scheme_str(), Some("http" | "https")) || !plain || text.contains('#') {
        return Err(refuse());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn checked_token(text: String) -> Result<Token, Failure> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Token(text));
    }
    Err(bad("the token has characters that no token has").next("copy it again, without spaces or line ends"))
}

fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use std::os::unix::fs::PermissionsExt;
    use tenantry_types::identity::Proof;

    const LEFT: &str = r#"{"url":"http://127.0.0.1:9999/","token":"dev-token"}"#;

    fn find(
        flags: [Option<&str>; 2],
        vars: &[(&str, &str)],
        folder: &Path,
    ) -> Result<(String, Option<String>), Failure> {
        let lookup =
            |key: &str| vars.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        let settings = Settings::find(flags[0], flags[1], &lookup, folder)?;
        Ok((settings.url, settings.token.map(|token| token.reveal().to_owned())))
    }

    fn both(url: &str, token: &str) -> (String, Option<String>) {
        (url.to_owned(), Some(token.to_owned()))
    }

    #[test]
    fn flags_come_before_environment_and_environment_before_the_data_folder() {
        let folder = Folder::new();
        folder.write(".tenantry/cli.json", LEFT);
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let vars = [("TENANTRY_URL", "https://env.example/"), ("TENANTRY_TOKEN", "env-token")];
        assert_eq!(
            find([Some("http://flag"), Some("flag-token")], &vars, &deep),
            Ok(both("http://flag", "flag-token"))
        );
        assert_eq!(find([None, None], &vars, &deep), Ok(both("https://env.example", "env-token")));
        assert_eq!(find([None, None], &[], &deep), Ok(both("http://127.0.0.1:9999", "dev-token")));
        let dir = [("TENANTRY_DATA_DIR", "b/none"), ("TENANTRY_URL", "")];
        assert_eq!(find([None, None], &dir, &deep), Ok((DEFAULT_URL.to_owned(), None)));
    }

    #[test]
    fn a_token_stays_with_its_server() {
        let folder = Folder::new();
        folder.write(".tenantry/cli.json", LEFT);
        let here = folder.path();
        assert_eq!(
            find([Some("https://other.example"), None], &[], here),
            Ok(("https://other.example".to_owned(), None))
        );
        assert_eq!(
            find([Some("http://127.0.0.1:9999"), None], &[], here),
            Ok(both("http://127.0.0.1:9999", "dev-token"))
        );
        assert_eq!(find([None, Some("mine")], &[], here), Ok(both("http://127.0.0.1:9999", "mine")));
        folder.write(".tenantry/cli.json", r#"{"url":"https://far.example","token":"dev-token"}"#);
        let refused = find([None, Some("mine")], &[], here).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.exit), ("bad_settings", Exit::Usage));
        assert!(refused.detail.contains("https://far.example"), "{refused}");
    }

    #[test]
    fn a_sign_in_comes_behind_the_environment_and_before_the_data_folder() {
        let (folder, home) = (Folder::new(), Folder::new());
        let here = folder.path();
        folder.write(".tenantry/cli.json", LEFT);
        let home_path = home.path().display().to_string();
        let config = ("XDG_CONFIG_HOME", home_path.as_str());
        let store = Store::of(&|key| (key == config.0).then(|| config.1.to_owned())).unwrap();
        let sign_in = |url: &str| {
            let kept = Kept {
                access_token: Proof::new("access"),
                expires_at: chrono::DateTime::UNIX_EPOCH,
                refresh_token: Proof::new("refresh"),
                tenant: None,
                workspace: None,
            };
            store.locked().unwrap().keep(url, kept).unwrap();
        };
        let found = |url: Option<&str>, vars: &[(&str, &str)], here: &Path| {
            let lookup =
                |key: &str| vars.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
            let settings = Settings::find(url, None, &lookup, here).unwrap();
            assert!(settings.login.is_none() || settings.token.is_none());
            (settings.url, settings.login.is_some())
        };
        let dev = "http://127.0.0.1:9999";
        sign_in("https://far.example");
        assert_eq!(found(None, &[config], here), (dev.to_owned(), false), "the folder names the server");
        assert_eq!(found(None, &[config], Path::new("/")), ("https://far.example".to_owned(), true));
        assert_eq!(
            found(Some("https://far.example/"), &[config], here),
            ("https://far.example".to_owned(), true)
        );
        assert_eq!(
            found(Some("https://other.example"), &[config], here),
            ("https://other.example".to_owned(), false)
        );
        sign_in(dev);
        assert_eq!(found(None, &[config], here), (dev.to_owned(), true), "it comes before what dev left");
        let vars = [config, ("TENANTRY_TOKEN", "mine")];
        assert_eq!(found(None, &vars, here), (dev.to_owned(), false), "the environment comes first");
        assert_eq!(found(None, &vars, Path::new("/")), (DEFAULT_URL.to_owned(), false), "a token stays here");
    }

    #[test]
    fn no_token_is_ever_printed() {
        let folder = Folder::new();
        let lookup = |_: &str| None;
        let settings = Settings::find(Some("http://a"), Some("s3cret"), &lookup, folder.path()).unwrap();
        assert!(!format!("{settings:?}").contains("s3cret"));
        folder.write(".tenantry/cli.json", r#"{"url":"http://a","token":s3cret}"#);
        let failure = Settings::find(None, None, &lookup, folder.path()).unwrap_err();
        assert!(
            !format!("{failure:?}").contains("s3cret") && failure.detail.contains("cli.json"),
            "{failure:?}"
        );
        let failure =
            Settings::find(Some("http://a"), Some("s3cret line"), &lookup, folder.path()).unwrap_err();
        assert!(!format!("{failure:?}").contains("s3cret"));
    }

    #[test]
    fn addresses_are_checked() {
        let folder = Folder::new();
        for url in [
            "acme.example",
            "ftp://acme.example",
            "http://",
            "http://user:pw@acme.example",
            "http://a/?x=1",
            "http://a/#b",
            "http://a b",
        ] {
            assert_eq!(
                find([Some(url), Some("t")], &[], folder.path()).unwrap_err().exit,
                Exit::Usage,
                "{url}"
            );
        }
        for (url, here) in [
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://127.8.8.8", true),
            ("http://127.evil.example", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(url), here, "{url}");
        }
    }

    #[test]
    fn psql_is_looked_for_in_the_named_folder_first() {
        let folder = Folder::new();
        let bins = ["one", "two"].map(|name| folder.path().join(name).display().to_string());
        folder.write("one/psql", "");
        folder.write("two/psql", "");
        let lookup = |key: &str| match key {
            "TENANTRY_PG_BIN" => Some(bins[0].clone()),
            "PATH" => Some(format!("{}:/nowhere", bins[1])),
            _ => None,
        };
        assert_eq!(psql(&lookup), None);
        for (name, mode) in [("two", 0o755), ("one", 0o700)] {
            let path = folder.path().join(name).join("psql");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(psql(&lookup), Some(path));
        }
    }

    #[test]
    fn colour_is_off_where_it_is_unwanted() {
        let with = |key: &'static str, value: &'static str| {
            move |asked: &str| (asked == key).then(|| value.to_owned())
        };
        assert!(colourless(&with("NO_COLOR", "1")) && colourless(&with("TERM", "dumb")));
        assert!(!colourless(&with("NO_COLOR", "")) && !colourless(&with("TERM", "xterm")));
    }
}
