//! The data folder of `tenantry dev`: secrets that are made once, and what the CLI and the demo find there.
//!
//! Owns: `master.key`, `operator.token`, `cli.json`, `demo/` in the data folder. Calls: nothing. Called by: dev, demo.
//! Invariants: a secret is for its owner's eyes alone, and written whole or not at all (`a_secret_is_made_once_and_private`).
//! After a crash: a file `*.new` may be left; the next write replaces it.

use crate::commands::Failure;
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use tenantry_pg::roles::hex;

/// Makes the folder unless it is there.
pub(crate) fn prepare(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| {
        let folder = folder.display();
        format!("the data folder {folder} cannot be made: {error}; name another with --data-dir or TENANTRY_DATA_DIR").into()
    })
}

/// The configured secret, the one that is in the file, or a new one, which the file then keeps.
pub(crate) fn secret(path: &Path, configured: Option<String>) -> Result<String, Failure> {
    if let Some(configured) = configured {
        return Ok(configured);
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes)?;
            let text = hex(&bytes);
            write_private(path, &text)?;
            Ok(text)
        }
        Err(error) => Err(format!("{} cannot be read: {error}", path.display()).into()),
    }
}

/// Whole or not at all, and for its owner's eyes alone.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let draft = path.with_added_extension("new");
    let options = || fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let written = options().and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()).into())
}

/// The bytes of `master.key`.
pub(crate) fn unhex(text: &str) -> Result<[u8; 32], Failure> {
    let digits =
        (0..64).step_by(2).map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let bytes: Option<Vec<u8>> = digits.collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).filter(|_| text.len() == 64).ok_or_else(|| {
        "master.key in the data folder must hold 64 hexadecimal digits; restore it from a copy".into()
    })
}

/// Lets the CLI find this server without being told.
pub(crate) fn leave_for_cli(folder: &Path, url: &str, token: &str) -> Result<(), Failure> {
    let text = serde_json::json!({"url": url, "token": token}).to_string();
    write_private(&folder.join("cli.json"), &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_private() {
        let folder = std::env::temp_dir().join(format!("tenantry-test-{}-secret", std::process::id()));
        prepare(&folder).unwrap();
        let path = folder.join("master.key");
        let made = secret(&path, None).unwrap();
        assert_eq!(secret(&path, None).unwrap(), made);
        assert_eq!(secret(&path, Some("configured".to_owned())).unwrap(), "configured");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(hex(&unhex(&made).unwrap()), made);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_key_is_refused() {
        for text in ["", "00", &"0g".repeat(32), &"0".repeat(65), &"é".repeat(32)] {
            assert!(unhex(text).is_err(), "{text}");
        }
    }
}
