//! A folder of migration files, read and checked as a whole.
//!
//! Owns: no tables. Calls: `migrate::{file, checksum, script}`, `sql::lex`. Called by: `migrate::apply`, placement, server wiring.
//! Invariants: a set has each version once, each undo with its version, each repeatable description once
//! (`all_errors_are_told_at_once`); its order does not depend on the order of the files (`order_of_files_does_not_matter`).
//! After a crash: nothing is left.

use super::{
    checksum::{BYTE_ORDER_MARK, checksum},
    file::{FileKind, FileName, FileNameError, Version, stem},
    script::statements,
};
use crate::sql::lex::{Kind, tokens};
use std::{fs, io, path::Path};

/// A file, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// File name, with its folders below the set's own, `/` between them: `script` of the history table.
    pub script: String,
    /// What it does.
    pub kind: FileKind,
    /// `description` of the history table.
    pub description: String,
    /// The text to run, without a byte order mark.
    pub sql: String,
    /// Flyway's checksum of the text.
    pub checksum: i32,
    /// `false` where the file says `-- tenantry:no-transaction`: its statements run one by one, outside a transaction.
    pub transactional: bool,
}

impl MigrationFile {
    /// The version it brings or takes back; `None` for a repeatable file.
    pub fn version(&self) -> Option<&Version> {
        match &self.kind {
            FileKind::Versioned(version) | FileKind::Undo(version) => Some(version),
            FileKind::Repeatable => None,
        }
    }
}

/// What is wrong with one file of a set.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct MigrationFileError {
    /// The file, or the folder that could not be read.
    pub file: String,
    /// What is wrong, and what to do.
    pub problem: FileProblem,
}

/// Why a file cannot be part of a set.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The name is not a migration's.
    #[error(transparent)]
    Name(#[from] FileNameError),
    /// Two `V`, or two `U`, files of one version; `1` and `1.0` are one.
    #[error("has the same version as {other}: give one of them the next free version")]
    DuplicateVersion {
        /// The file that had the version first.
        other: String,
    },
    /// Two `R` files with one description, which is how the history tells them apart.
    #[error("has the same description as {other}: rename one of them")]
    DuplicateDescription {
        /// The file that had the description first.
        other: String,
    },
    /// A `U` file whose `V` file is not there.
    #[error("takes back version {0}, which no `V` file brings: add that file or remove this one")]
    UndoWithoutVersion(Version),
    /// A misspelt directive would otherwise be silently ignored.
    #[error(
        "unknown directive `tenantry:{0}` in the leading comments: the only one is `tenantry:no-transaction`"
    )]
    Directive(String),
    /// Ends, or opens, the transaction that the file and its record in the history have in common.
    #[error(
        "`{0}` would end the transaction in which the file and its record belong together: remove it, or put `-- tenantry:no-transaction` at the top"
    )]
    TransactionControl(String),
    /// Not UTF-8.
    #[error("is not UTF-8: save it as UTF-8")]
    Encoding,
    /// The file or folder cannot be read.
    #[error("cannot be read ({0}): check that it exists and that this user may read it")]
    Io(#[from] io::Error),
}

/// The migrations of a folder, checked and in the order in which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationSet {
    versioned: Vec<MigrationFile>,
    undo: Vec<MigrationFile>,
    repeatable: Vec<MigrationFile>,
}

impl MigrationSet {
    /// Makes a set of (file name, text) pairs, or says everything that is wrong with them, in the order of the names.
    pub fn from_files<N: Into<String>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, Vec<MigrationFileError>> {
        let mut files: Vec<(String, T)> = files.into_iter().map(|(name, text)| (name.into(), text)).collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut set = Self::default();
        let mut errors = Vec::new();
        for (script, text) in files {
            match read(&script, text.as_ref()) {
                Ok(file) => match file.kind {
                    FileKind::Versioned(_) => set.versioned.push(file),
                    FileKind::Undo(_) => set.undo.push(file),
                    FileKind::Repeatable => set.repeatable.push(file),
                },
                Err(problem) => errors.push(MigrationFileError { file: script, problem }),
            }
        }
        set.versioned.sort_by(|a, b| a.version().cmp(&b.version()));
        set.undo.sort_by(|a, b| a.version().cmp(&b.version()));
        set.repeatable.sort_by(|a, b| a.description.cmp(&b.description));
        set.check(&mut errors);
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    /// Reads every `.sql` file of a folder and, as Flyway does, of the folders in it. Other files, and names that start
    /// with a dot, are passed over. All that is wrong comes back at once.
    pub fn load(dir: &Path) -> Result<Self, Vec<MigrationFileError>> {
        let mut files = Vec::new();
        let mut errors = Vec::new();
        collect(dir, "", &mut files, &mut errors);
        match (Self::from_files(files), errors.is_empty()) {
            (Ok(set), true) => Ok(set),
            (Ok(_), false) => Err(errors),
            (Err(more), _) => {
                errors.extend(more);
                Err(errors)
            }
        }
    }

    /// The `V` files, lowest version first.
    pub fn versioned(&self) -> &[MigrationFile] {
        &self.versioned
    }

    /// The `R` files, by description: the order in which Flyway runs them, too.
    pub fn repeatable(&self) -> &[MigrationFile] {
        &self.repeatable
    }

    /// The `U` files, lowest version first.
    pub fn undo(&self) -> &[MigrationFile] {
        &self.undo
    }

    /// The `U` file of a version.
    pub fn undo_of(&self, version: &Version) -> Option<&MigrationFile> {
        self.undo.iter().find(|file| file.version() == Some(version))
    }

    /// The highest version, where a schema is once all ran; `None` in a set without `V` files.
    pub fn target(&self) -> Option<&Version> {
        self.versioned.last().and_then(MigrationFile::version)
    }

    /// The set as it is at a version: without the `V` and `U` files of later ones. `R` files are of no version, and stay.
    #[must_use]
    pub fn up_to(&self, version: &Version) -> Self {
        let kept = |files: &[MigrationFile]| {
            files.iter().filter(|file| file.version().is_none_or(|own| own <= version)).cloned().collect()
        };
        Self { versioned: kept(&self.versioned), undo: kept(&self.undo), repeatable: self.repeatable.clone() }
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.versioned.is_empty() && self.repeatable.is_empty()
    }

    fn check(&self, errors: &mut Vec<MigrationFileError>) {
        for pair in self.versioned.windows(2).chain(self.undo.windows(2)) {
            if let [first, second] = pair
                && first.version() == second.version()
            {
                let problem = FileProblem::DuplicateVersion { other: first.script.clone() };
                errors.push(MigrationFileError { file: second.script.clone(), problem });
            }
        }
        for pair in self.repeatable.windows(2) {
            if let [first, second] = pair
                && first.description == second.description
            {
                let problem = FileProblem::DuplicateDescription { other: first.script.clone() };
                errors.push(MigrationFileError { file: second.script.clone(), problem });
            }
        }
        for file in &self.undo {
            if let Some(version) = file.version()
                && !self.versioned.iter().any(|candidate| candidate.version() == Some(version))
            {
                let problem = FileProblem::UndoWithoutVersion(version.clone());
                errors.push(MigrationFileError { file: file.script.clone(), problem });
            }
        }
        errors.sort_by(|a, b| a.file.cmp(&b.file));
    }
}

fn read(script: &str, text: &str) -> Result<MigrationFile, FileProblem> {
    let name = script.rsplit_once('/').map_or(script, |(_, name)| name);
    let FileName { kind, description } = FileName::parse(name)?;
    let sql = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).to_owned();
    let transactional = transactional(&sql)?;
    if transactional && let Some(word) = transaction_control(&sql) {
        return Err(FileProblem::TransactionControl(word));
    }
    Ok(MigrationFile {
        script: script.to_owned(),
        kind,
        description,
        checksum: checksum(text),
        sql,
        transactional,
    })
}

/// Reads the directives in the `--` comments before the first statement.
fn transactional(sql: &str) -> Result<bool, FileProblem> {
    let leading = tokens(sql)
        .filter(|token| !token.text.chars().all(|character| character.is_ascii_whitespace()))
        .take_while(|token| token.kind == Kind::Comment);
    let mut transactional = true;
    for comment in leading {
        let body = comment.text.strip_prefix("--").map(str::trim);
        match body.and_then(|body| body.strip_prefix("tenantry:")).map(str::trim) {
            None => {}
            Some("no-transaction") => transactional = false,
            Some(other) => return Err(FileProblem::Directive(other.to_owned())),
        }
    }
    Ok(transactional)
}

/// The first statement that begins or ends a transaction.
fn transaction_control(sql: &str) -> Option<String> {
    statements(sql).into_iter().find_map(|statement| {
        let word =
            tokens(statement).find(|token| token.kind != Kind::Comment && !token.text.trim().is_empty())?;
        let word = word.text.to_ascii_uppercase();
        // PREPARE alone makes a statement; PREPARE TRANSACTION is the one that ends ours.
        let ends = match word.as_str() {
            "PREPARE" => tokens(statement)
                .filter(|token| token.kind == Kind::Word)
                .nth(1)?
                .text
                .eq_ignore_ascii_case("transaction"),
            word => ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"].contains(&word),
        };
        (ends && !rolls_back_to_savepoint(statement)).then_some(word)
    })
}

fn rolls_back_to_savepoint(statement: &str) -> bool {
    tokens(statement).any(|token| token.kind == Kind::Word && token.text.eq_ignore_ascii_case("to"))
}

/// Gathers the files of a folder, `prefix` being its place below the first one.
fn collect(
    dir: &Path,
    prefix: &str,
    files: &mut Vec<(String, String)>,
    errors: &mut Vec<MigrationFileError>,
) {
    let mut fail = |file: String, problem: FileProblem| errors.push(MigrationFileError { file, problem });
    let entries = match fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return fail(dir.display().to_string(), error.into()),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let script = format!("{prefix}{name}");
        // A mounted Kubernetes ConfigMap keeps its files a second time in folders that start with two dots.
        if name.starts_with('.') {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push((entry.path(), format!("{script}/"))),
            Ok(_) if stem(&name).is_none() => {}
            Ok(_) => match fs::read(entry.path()).map(String::from_utf8) {
                Ok(Ok(text)) => files.push((script, text)),
                Ok(Err(_)) => fail(script, FileProblem::Encoding),
                Err(error) => fail(script, error.into()),
            },
            Err(error) => fail(script, error.into()),
        }
    }
    for (folder, prefix) in folders {
        collect(&folder, &prefix, files, errors);
    }
}

#[cfg(test)]
#[path = "set_tests.rs"]
mod tests;
