//! Where values come from: the environment over a TOML file, each with `*_FILE` for secrets.
//!
//! Owns: nothing. Calls: `config::keys`. Called by: config.
//! Invariants: nothing unknown is overlooked, and errors hold no value (`super::tests`).
//! After a crash: nothing is left.

use super::{
    error::{ConfigErrors, Refusal},
    keys::{KEYS, Key, TOLERATED},
};
use std::{collections::BTreeMap, path::Path};

/// A key that is set: how its source spells it, and the value unless it could not be had (which is reported).
pub struct Found {
    pub origin: String,
    pub text: Option<String>,
}

/// The value of every key that is set, by the key's name in the environment.
pub fn gather(
    environment: &BTreeMap<String, String>,
    file: Option<&Path>,
    errors: &mut ConfigErrors,
) -> BTreeMap<&'static str, Found> {
    let mut values = BTreeMap::new();
    if let Some(path) = file {
        let table = read_table(path, errors);
        let spelling = |key: &Key| key.file_name();
        let shown = path.file_name().unwrap_or_default().to_string_lossy();
        refuse_unknown(table.keys(), &spelling, "_file", &|name| format!("{name} in {shown}"), errors);
        collect(&table, &spelling, "_file", &|name| format!("{name} in {shown}"), &mut values, errors);
    }
    let spelling = |key: &Key| key.name.to_owned();
    let ours = environment
        .keys()
        .filter(|name| name.starts_with("TENANTRY_") && !TOLERATED.iter().any(|(known, _)| known == name));
    refuse_unknown(ours, &spelling, "_FILE", &str::to_owned, errors);
    collect(environment, &spelling, "_FILE", &str::to_owned, &mut values, errors);
    values
}

/// The file as texts; arrays become lists between commas, as the environment has them.
fn read_table(path: &Path, errors: &mut ConfigErrors) -> BTreeMap<String, String> {
    let name = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let problem = format!("cannot be read ({})", error.kind());
            errors
                .push(format!("the file {name}"), Refusal::new(problem, "Check --config or TENANTRY_CONFIG"));
            return BTreeMap::new();
        }
    };
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(error) => {
            // The parser's message quotes the line, and the line may hold a secret.
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            let problem = format!("is not TOML: see line {line}");
            errors.push(
                format!("the file {name}"),
                Refusal::new(problem, "Write keys like listen = \"127.0.0.1:8080\""),
            );
            return BTreeMap::new();
        }
    };
    let mut texts = BTreeMap::new();
    for (key, value) in table {
        match as_text(&value) {
            Some(text) => {
                texts.insert(key, text);
            }
            None => errors.push(
                format!("{key} in {}", path.file_name().unwrap_or_default().to_string_lossy()),
                Refusal::new(
                    "is neither a text, a number nor a list of texts",
                    "Keys are flat: no tables, no dates",
                ),
            ),
        }
    }
    texts
}

fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(entries) => entries
            .iter()
            .map(toml::Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(|entries| entries.join(",")),
        _ => None,
    }
}

fn refuse_unknown<'a>(
    names: impl Iterator<Item = &'a String>,
    spelling: &dyn Fn(&Key) -> String,
    suffix: &str,
    shown: &dyn Fn(&str) -> String,
    errors: &mut ConfigErrors,
) {
    let known: Vec<String> = KEYS
        .iter()
        .flat_map(|key| [Some(spelling(key)), key.secret.then(|| spelling(key) + suffix)])
        .flatten()
        .collect();
    for name in names.filter(|name| !known.contains(name)) {
        let near =
            known.iter().map(|known| (distance(known, name), known)).min().filter(|(steps, _)| *steps <= 3);
        let fix = match near {
            Some((_, known)) => format!("Perhaps {known} is meant; else remove it"),
            None => "Remove it, or look it up in docs/configuration.md".to_owned(),
        };
        errors.push(shown(name), Refusal::new("is not a known key", fix));
    }
}

/// Steps of one character between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Puts what one source sets over what is there.
fn collect(
    source: &BTreeMap<String, String>,
    spelling: &dyn Fn(&Key) -> String,
    suffix: &str,
    shown: &dyn Fn(&str) -> String,
    values: &mut BTreeMap<&'static str, Found>,
    errors: &mut ConfigErrors,
) {
    let set = |name: &str| source.get(name).filter(|text| !text.is_empty());
    for key in KEYS {
        let name = spelling(key);
        let file = format!("{name}{suffix}");
        match (set(&name), set(&file).filter(|_| key.secret)) {
            (None, None) => {}
            (Some(text), None) => {
                values.insert(key.name, Found { origin: shown(&name), text: Some(text.clone()) });
            }
            (None, Some(path)) => {
                let text = read_secret(path).map_err(|refusal| errors.push(shown(&file), refusal)).ok();
                values.insert(key.name, Found { origin: shown(&file), text });
            }
            (Some(_), Some(_)) => {
                let problem = format!("and {file} are both set");
                errors.push(shown(&name), Refusal::new(problem, "Keep one of them"));
                values.insert(key.name, Found { origin: shown(&name), text: None });
            }
        }
    }
}

fn read_secret(path: &str) -> Result<String, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Refusal::new(
            format!("names a file that cannot be read ({})", error.kind()),
            "Check the path and that the user of this process may read it",
        )
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
