//! Names of migration files, by Flyway's rules.
//!
//! Owns: no tables. Calls: nothing. Called by: `migrate::set`.
//! Invariants: a name is taken exactly when Flyway 11 takes it as a versioned or repeatable SQL migration, and gets the
//! version and description Flyway would store (`takes_what_flyway_takes`), but for negative versions and digits outside
//! ASCII, which Flyway's documentation does not know; no name panics (`any_name_is_taken_or_refused`).
//! After a crash: nothing is left.

use std::{cmp::Ordering, fmt, hash};

/// A migration's version: numbers between dots (`1.2`, `20240131`), compared number by number.
///
/// `1`, `1.0` and `01` are one version; the text is kept as written, because that is what the history table holds.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    /// The numbers without leading zeros; no trailing empty (zero) ones. Text, as a version may be any number of digits long.
    parts: Vec<String>,
}

impl Version {
    /// Longest text that the history table takes, in characters.
    pub const MAX_LENGTH: usize = 50;

    /// Reads `1.2`, or `1_2` as it stands in a file name. `None` where a part is empty or not made of ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.replace('_', ".");
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > Self::MAX_LENGTH || !text.split('.').all(numeric) {
            return None;
        }
        let mut parts: Vec<String> =
            text.split('.').map(|part| part.trim_start_matches('0').to_owned()).collect();
        while parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        Some(Self { text, parts })
    }

    /// As written, with dots: the `version` of the history table.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer number is the greater; a missing part counts as zero, as trailing zeros are gone.
        let key = |part: &String| (part.len(), part.clone());
        self.parts.iter().map(key).cmp(other.parts.iter().map(key))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Version {}

impl hash::Hash for Version {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

/// What a file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// `V1__…`: brings a schema to this version, once.
    Versioned(Version),
    /// `U1__…`: takes this version back.
    Undo(Version),
    /// `R__…`: runs again whenever its checksum changes, after all versions.
    Repeatable,
}

/// A well-formed file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// What the file does.
    pub kind: FileKind,
    /// The part after `__`, each underscore a space; may be empty.
    pub description: String,
}

/// Why a text is not the name of a migration file. Each message says what the name should look like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// Does not end in `.sql`.
    #[error("migration files end in `.sql`")]
    Suffix,
    /// `v1__x.sql`: the prefix is lower case.
    #[error("the prefix is a capital letter: rename it to `{0}`")]
    LowerCase(String),
    /// Starts with none of `V`, `U`, `R`.
    #[error(
        "name it `V<version>__<description>.sql`, `U<version>__<description>.sql` or `R__<description>.sql`"
    )]
    Prefix,
    /// `B1__x.sql`, which Flyway runs in empty schemas in place of older versions.
    #[error("baseline files (`B…`) are not supported: keep the `V` files that it stands for")]
    Baseline,
    /// `V__x.sql`.
    #[error("the version is missing: name it like `V1.2__{0}.sql`")]
    NoVersion(String),
    /// `V1_x.sql`.
    #[error("two underscores stand between version and description: rename it to `{0}`")]
    OneUnderscore(String),
    /// `V1a__x.sql`, `V1..2__x.sql`.
    #[error(
        "`{0}` is not a version: numbers with a dot or one underscore between them, at most 50 characters"
    )]
    Version(String),
    /// `R1__x.sql`.
    #[error("a repeatable file has no version: rename it to `{0}`")]
    RepeatableVersion(String),
    /// Longer than the history table takes.
    #[error("the description has {0} characters; the history table takes 200")]
    LongDescription(usize),
}

/// Longest description that the history table takes, in characters.
const MAX_DESCRIPTION: usize = 200;

impl FileName {
    /// Reads a file name without its folders: `V1_2__add_thing.sql` is version `1.2`, "add thing".
    ///
    /// As with Flyway, `__description` may be absent.
    pub fn parse(name: &str) -> Result<Self, FileNameError> {
        let stem = stem(name).ok_or(FileNameError::Suffix)?;
        let (head, tail) = stem.split_once("__").unwrap_or((stem, ""));
        let mut rest = head.chars();
        let prefix = rest.next().filter(|_| !stem.starts_with("__"));
        let version = rest.as_str();
        let kind = match prefix {
            Some('V') => FileKind::Versioned(parse_version('V', version, tail)?),
            Some('U') => FileKind::Undo(parse_version('U', version, tail)?),
            Some('R') if version.is_empty() => FileKind::Repeatable,
            Some('R') => return Err(misnamed_repeatable(version, tail)),
            Some('B') if starts_like_version(version) => return Err(FileNameError::Baseline),
            Some(lower @ ('v' | 'u')) if starts_like_version(version) => {
                return Err(capital(lower, &stem[1..]));
            }
            Some('r') if version.is_empty() => return Err(capital('r', &stem[1..])),
            _ => return Err(FileNameError::Prefix),
        };
        let description = tail.replace('_', " ");
        match description.chars().count() {
            length if length > MAX_DESCRIPTION => Err(FileNameError::LongDescription(length)),
            _ => Ok(Self { kind, description }),
        }
    }
}

/// The name without `.sql`, in either case, as Flyway has it. `None` where it ends otherwise.
pub(super) fn stem(name: &str) -> Option<&str> {
    let (stem, suffix) = name.split_at_checked(name.len().checked_sub(4)?)?;
    suffix.eq_ignore_ascii_case(".sql").then_some(stem)
}

fn starts_like_version(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_digit())
}

fn capital(prefix: char, rest: &str) -> FileNameError {
    FileNameError::LowerCase(format!("{}{rest}.sql", prefix.to_ascii_uppercase()))
}

fn parse_version(prefix: char, text: &str, tail: &str) -> Result<Version, FileNameError> {
    if text.is_empty() {
        let description = if tail.is_empty() { "description" } else { tail };
        return Err(FileNameError::NoVersion(description.to_owned()));
    }
    Version::parse(text).ok_or_else(|| {
        // `V1_add_thing` and `V1_2_add_thing`: what follows the numbers was meant as the description.
        let words = text.find(|character: char| !character.is_ascii_digit() && !"._".contains(character));
        match words.map(|at| text.split_at(at)) {
            Some((version, words))
                if tail.is_empty() && version.ends_with('_') && starts_like_version(version) =>
            {
                FileNameError::OneUnderscore(format!(
                    "{prefix}{}__{words}.sql",
                    version.trim_end_matches(['_', '.'])
                ))
            }
            _ => FileNameError::Version(text.to_owned()),
        }
    })
}

fn misnamed_repeatable(version: &str, tail: &str) -> FileNameError {
    match version.strip_prefix('_') {
        Some(words) if !words.is_empty() && tail.is_empty() => {
            FileNameError::OneUnderscore(format!("R__{words}.sql"))
        }
        _ if starts_like_version(version) => FileNameError::RepeatableVersion(format!(
            "R__{}.sql",
            if tail.is_empty() { "description" } else { tail }
        )),
        _ => FileNameError::Prefix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn versioned(text: &str) -> FileKind {
        FileKind::Versioned(Version::parse(text).unwrap())
    }

    /// What Flyway 11.8.2's parser said of these names.
    #[test]
    fn takes_what_flyway_takes() {
        for (name, version, description) in [
            ("V1__x.sql", "1", "x"),
            ("V1_2__add_thing.sql", "1.2", "add thing"),
            ("V1_2.3__x.sql", "1.2.3", "x"),
            ("V1.0__x.sql", "1.0", "x"),
            ("V007__x.sql", "007", "x"),
            ("V2_0_0__x.sql", "2.0.0", "x"),
            ("V1__a__b.sql", "1", "a  b"),
            ("V1___x.sql", "1", " x"),
            ("V1____x.sql", "1", "  x"),
            ("V1__x.y.sql", "1", "x.y"),
            ("V1__x y.sql", "1", "x y"),
            ("V1__.sql", "1", ""),
            ("V1.sql", "1", ""),
            ("V1_2__.sql", "1.2", ""),
            ("V1__x.SQL", "1", "x"),
            ("V99_1__many__under___scores_.sql", "99.1", "many  under   scores "),
            ("V99999999999999999999999999__x.sql", "99999999999999999999999999", "x"),
        ] {
            let parsed = FileName::parse(name).unwrap();
            let FileKind::Versioned(found) = &parsed.kind else { panic!("{name}") };
            assert_eq!((found.as_str(), parsed.description.as_str()), (version, description), "{name}");
        }
        for (name, description) in
            [("R__x.sql", "x"), ("R__.sql", ""), ("R.sql", ""), ("R__all_views.sql", "all views")]
        {
            let expected = FileName { kind: FileKind::Repeatable, description: description.to_owned() };
            assert_eq!(FileName::parse(name), Ok(expected));
        }
        let undo = FileName::parse("U1_2__add_thing.sql").unwrap();
        assert_eq!(undo.kind, FileKind::Undo(Version::parse("1.2").unwrap()));
    }

    #[test]
    fn near_misses_say_what_to_do() {
        use FileNameError as E;
        let some = str::to_owned;
        let long = format!("V1__{}.sql", "é".repeat(201));
        for (name, error) in [
            ("v1__x.sql", E::LowerCase(some("V1__x.sql"))),
            ("u1__x.sql", E::LowerCase(some("U1__x.sql"))),
            ("r__x.sql", E::LowerCase(some("R__x.sql"))),
            ("V1_x.sql", E::OneUnderscore(some("V1__x.sql"))),
            ("V1_2_add_x.sql", E::OneUnderscore(some("V1_2__add_x.sql"))),
            ("R_x.sql", E::OneUnderscore(some("R__x.sql"))),
            ("V__x.sql", E::NoVersion(some("x"))),
            ("V.sql", E::NoVersion(some("description"))),
            ("U__x.sql", E::NoVersion(some("x"))),
            ("R1__x.sql", E::RepeatableVersion(some("R__x.sql"))),
            ("V1a__x.sql", E::Version(some("1a"))),
            ("V1..2__x.sql", E::Version(some("1..2"))),
            ("V1.__x.sql", E::Version(some("1."))),
            ("V_1__x.sql", E::Version(some("_1"))),
            ("VV1__x.sql", E::Version(some("V1"))),
            ("V 1__x.sql", E::Version(some(" 1"))),
            ("V-1__x.sql", E::Version(some("-1"))),
            ("V１__x.sql", E::Version(some("１"))),
            ("Views__x.sql", E::Version(some("iews"))),
            ("B1__x.sql", E::Baseline),
            ("Repeat__x.sql", E::Prefix),
            ("x.sql", E::Prefix),
            ("__x.sql", E::Prefix),
            (".sql", E::Prefix),
            ("beforeMigrate.sql", E::Prefix),
            ("V1__x", E::Suffix),
            ("V1__x.sql.conf", E::Suffix),
            ("", E::Suffix),
            (&long, E::LongDescription(201)),
        ] {
            assert_eq!(FileName::parse(name), Err(error), "{name}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::parse(text).unwrap();
        let order = [
            "0",
            "0.1",
            "1",
            "1.0.1",
            "1.1",
            "1.9",
            "1.10",
            "2",
            "10",
            "20240101120000",
            "99999999999999999999999999",
        ];
        assert!(order.map(version).is_sorted_by(|a, b| a < b));
        for (a, b) in [("1", "1.0"), ("1", "1.0.0.0"), ("01", "1"), ("1_2", "1.2"), ("0", "0.0")] {
            assert_eq!(version(a), version(b));
            assert_eq!(version(a).cmp(&version(b)), Ordering::Equal);
        }
        assert_eq!(Version::parse(&"1".repeat(51)), None);
    }

    proptest! {
        #[test]
        fn any_name_is_taken_or_refused(name in r"([VURBvr]?[0-9_.]{0,5}(__)?[a-z_é]{0,5}(\.sql)?|\PC{0,20})") {
            if let Ok(FileName { kind, description }) = FileName::parse(&name) {
                prop_assert!(name.to_ascii_lowercase().ends_with(".sql") && !description.contains('_'));
                prop_assert!(matches!((kind, &name[..1]), (FileKind::Versioned(_), "V") | (FileKind::Undo(_), "U") | (FileKind::Repeatable, "R")));
            }
        }

        #[test]
        fn written_names_read_back(parts in prop::collection::vec(0_u64.., 1..4), words in "[a-z ]{0,30}") {
            let version = parts.iter().map(u64::to_string).collect::<Vec<_>>().join("_");
            prop_assume!(version.len() <= Version::MAX_LENGTH && !words.starts_with(' '));
            let name = format!("V{version}__{}.sql", words.replace(' ', "_"));
            prop_assert_eq!(FileName::parse(&name), Ok(FileName { kind: versioned(&version), description: words }));
        }

        #[test]
        fn order_is_that_of_the_numbers(a in prop::collection::vec(0_u32..30, 1..4), b in prop::collection::vec(0_u32..30, 1..4)) {
            let read = |parts: &[u32]| Version::parse(&parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".")).unwrap();
            let padded = |parts: &[u32]| { let mut parts = parts.to_vec(); parts.resize(4, 0); parts };
            prop_assert_eq!(read(&a).cmp(&read(&b)), padded(&a).cmp(&padded(&b)));
        }
    }
}
