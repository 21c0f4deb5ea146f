//! The file of external issuers that `TENANTRY_ISSUERS` names.
//!
//! Owns: nothing. Calls: nothing. Called by: `config::keys`.
//! Invariants: unknown keys are refused and all errors come at once (`everything_wrong_is_told_at_once`); an error names the place and never a value
//! (`no_error_shows_a_value`); no issuer counts without an audience or parties (`an_issuer_needs_an_audience`). After a crash: nothing is left.

use super::error::Refusal;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use tenantry_core::identity::external::{
    Algorithm, ClaimNames, Issuer, Preset, WebhookSecret, is_fit_to_ask,
};
use tenantry_types::Role;
use toml::{Table, Value};

/// Reads the file.
pub(super) fn load(path: &str) -> Result<Vec<Issuer>, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let problem = format!("names a file that cannot be read ({})", error.kind());
        Refusal::new(problem, "Check the path and that the user of this process may read it")
    })?;
    read(&text).map_err(|wrong| {
        let problem = format!("names a file with {} wrong: {}", count(wrong.len()), wrong.join("; "));
        Refusal::new(problem, "See docs/guides/external-issuers.md for what each key takes")
    })
}

fn count(things: usize) -> String {
    if things == 1 { "one thing".to_owned() } else { format!("{things} things") }
}

fn read(text: &str) -> Result<Vec<Issuer>, Vec<String>> {
    // The parser's message quotes the line.
    let mut file = text.parse::<Table>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        vec![format!("it is not TOML (line {line})")]
    })?;
    let mut wrong = Vec::new();
    let tables = match file.remove("issuer") {
        Some(Value::Array(tables)) => tables,
        Some(_) => {
            wrong.push("issuer is no list of tables: write [[issuer]]".to_owned());
            Vec::new()
        }
        None => Vec::new(),
    };
    wrong.extend(file.keys().map(|key| format!("{key} is not a known key")));
    let mut issuers = Vec::new();
    for (place, table) in tables.into_iter().enumerate() {
        let at = format!("issuer {}", place + 1);
        match table {
            Value::Table(table) => issuers.push(issuer(Reader { table, at, wrong: &mut wrong })),
            _ => wrong.push(format!("{at} is no table")),
        }
    }
    let names: BTreeSet<_> = issuers.iter().map(|issuer| &issuer.name).collect();
    let urls: BTreeSet<_> = issuers.iter().map(|issuer| &issuer.issuer).collect();
    if names.len() < issuers.len() || urls.len() < issuers.len() {
        wrong.push("two issuers have one name, or one issuer URL".to_owned());
    }
    if wrong.is_empty() { Ok(issuers) } else { Err(wrong) }
}

/// One table, taken apart key by key; what is left is unknown.
struct Reader<'a> {
    table: Table,
    at: String,
    wrong: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn refuse(&mut self, key: &str, why: &str) {
        self.wrong.push(format!("{} {key} {why}", self.at));
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.table.remove(key)? {
            Value::String(text) if (1..=500).contains(&text.chars().count()) && !text.contains('\0') => {
                Some(text)
            }
            _ => {
                self.refuse(key, "is no text of 1 to 500 characters");
                None
            }
        }
    }

    fn needed(&mut self, key: &str) -> Option<String> {
        if !self.table.contains_key(key) {
            self.refuse(key, "is missing");
        }
        self.text(key)
    }

    fn url(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        if !is_fit_to_ask(&text) {
            self.refuse(key, "is no https URL (http only on this machine)");
        }
        Some(text)
    }

    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = match self.table.remove(key)? {
            Value::Array(entries) => entries
                .iter()
                .map(|entry| entry.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
                .collect(),
            _ => None,
        };
        if texts.as_ref().is_none_or(Vec::is_empty) {
            self.refuse(key, "is no list of texts");
        }
        texts
    }

    fn map(&mut self, key: &str) -> Option<BTreeMap<String, String>> {
        let map = match self.table.remove(key)? {
            Value::Table(table) => {
                table.into_iter().map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
            }
            _ => None,
        };
        if map.is_none() {
            self.refuse(key, "is no table of texts");
        }
        map
    }

    fn seconds(&mut self, key: &str, default: i64, least: i64, most: i64) -> TimeDelta {
        let seconds = match self.table.remove(key) {
            None => default,
            Some(Value::Integer(seconds)) if (least..=most).contains(&seconds) => seconds,
            Some(_) => {
                self.refuse(key, &format!("is no number from {least} to {most}"));
                default
            }
        };
        TimeDelta::seconds(seconds)
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.table.remove(key) {
            None => default,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                self.refuse(key, "is neither true nor false");
                default
            }
        }
    }

    fn role(&mut self, key: &str, word: &str) -> Option<Role> {
        let role = word.parse().ok();
        if role.is_none() {
            self.refuse(key, "names a role that is none of viewer, member, admin, owner");
        }
        role
    }
}

fn issuer(mut reader: Reader<'_>) -> Issuer {
    let preset = match reader.text("preset").as_deref() {
        None | Some("oidc") => Preset::Oidc,
        Some("clerk") => Preset::Clerk,
        Some(_) => {
            reader.refuse("preset", "is neither oidc nor clerk");
            Preset::Oidc
        }
    };
    let name = reader.needed("name");
    if name.as_ref().is_some_and(|name| !is_name(name)) {
        reader.refuse("name", "is not 1 to 50 of a-z, 0-9 and hyphens");
    }
    if !reader.table.contains_key("issuer") {
        reader.refuse("issuer", "is missing");
    }
    let issuer = reader.url("issuer");
    let jwks_url = reader.url("jwks_url");
    let audience = reader.text("audience");
    let authorized_parties = reader.texts("authorized_parties").unwrap_or_default();
    match preset {
        Preset::Oidc if audience.is_none() => reader.refuse("audience", "is missing"),
        Preset::Clerk if audience.is_none() && authorized_parties.is_empty() => {
            reader.refuse("authorized_parties", "is missing");
        }
        _ => {}
    }
    let names = reader.texts("algorithms").unwrap_or_else(|| vec!["RS256".to_owned()]);
    let algorithms: Vec<Algorithm> = names.iter().filter_map(|name| name.parse().ok()).collect();
    if algorithms.len() < names.len() {
        reader.refuse("algorithms", "names one that is not accepted");
    }
    let webhook_secret = webhook_secret(&mut reader);
    let claims = claim_names(&mut reader, preset);
    let roles = roles(&mut reader, preset);
    let default_role = reader.text("default_role").and_then(|word| reader.role("default_role", &word));
    let checked = Issuer {
        name: name.unwrap_or_default(),
        issuer: issuer.unwrap_or_default(),
        preset,
        jwks_url,
        audience,
        authorized_parties,
        algorithms,
        leeway: reader.seconds("leeway_seconds", 30, 0, 120),
        max_age: reader.seconds("max_age_seconds", 3600, 60, 86_400),
        webhook_secret,
        claims,
        workspace: reader.text("workspace"),
        roles,
        default_role,
        organisations: reader.map("organisations").unwrap_or_default(),
        // Whoever makes an organisation at Clerk chooses its slug; elsewhere the claim is what the operator of the issuer puts there.
        learn_by_slug: reader.flag("learn_by_slug", preset == Preset::Oidc),
        link_by_email: reader.flag("link_by_email", false),
    };
    let unknown: Vec<String> = reader.table.keys().cloned().collect();
    for key in unknown {
        reader.refuse(&key, "is not a known key");
    }
    checked
}

fn is_name(name: &str) -> bool {
    (1..=50).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `whsec_` and base64, as Svix shows it.
fn webhook_secret(reader: &mut Reader<'_>) -> Option<WebhookSecret> {
    let path = reader.text("webhook_secret_file")?;
    let Ok(text) = std::fs::read_to_string(path) else {
        reader.refuse("webhook_secret_file", "names a file that cannot be read");
        return None;
    };
    let bytes = text.trim().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let secret = bytes.filter(|bytes| bytes.len() >= 16).map(WebhookSecret::new);
    if secret.is_none() {
        reader.refuse("webhook_secret_file", "holds no secret of the form whsec_…");
    }
    secret
}

fn claim_names(reader: &mut Reader<'_>, preset: Preset) -> ClaimNames {
    let usual = ClaimNames::default();
    let mut named = |key: &str, usual: String| {
        if preset == Preset::Clerk && reader.table.contains_key(key) {
            reader.refuse(key, "is fixed with preset clerk");
        }
        reader.text(key).unwrap_or(usual)
    };
    ClaimNames {
        tenant: named("tenant_claim", usual.tenant),
        organisation: named("organisation_claim", usual.organisation),
        role: named("role_claim", usual.role),
        email: reader.text("email_claim").unwrap_or(usual.email),
    }
}

fn roles(reader: &mut Reader<'_>, preset: Preset) -> BTreeMap<String, Role> {
    let Some(told) = reader.map("roles") else {
        let usual: &[(&str, Role)] = match preset {
            Preset::Clerk => &[("org:admin", Role::Admin), ("org:member", Role::Member)],
            Preset::Oidc => &[("admin", Role::Admin), ("member", Role::Member), ("viewer", Role::Viewer)],
        };
        return usual.iter().map(|(word, role)| ((*word).to_owned(), *role)).collect();
    };
    told.into_iter().filter_map(|(word, role)| Some((word, reader.role("roles", &role)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str =
        "[[issuer]]\nname = \"corp\"\nissuer = \"https://id.example.com\"\naudience = \"tenantry\"\n";

    #[test]
    fn the_smallest_issuer_has_safe_defaults() {
        let issuer = &read(SMALLEST).unwrap()[0];
        assert_eq!(
            (issuer.algorithms.as_slice(), issuer.link_by_email),
            ([Algorithm::Rs256].as_slice(), false)
        );
        assert_eq!((issuer.leeway, issuer.max_age), (TimeDelta::seconds(30), TimeDelta::hours(1)));
        assert!(!issuer.roles.values().any(|role| *role == Role::Owner) && issuer.default_role.is_none());
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn clerks_slugs_are_not_believed_unless_said() {
        let clerk = "[[issuer]]\nname = \"clerk\"\npreset = \"clerk\"\nissuer = \"https://clerk.example.com\"\nauthorized_parties = [\"https://app.example.com\"]\n";
        for (file, believed) in [
            (SMALLEST.to_owned(), true),
            (format!("{SMALLEST}learn_by_slug = false\n"), false),
            (clerk.to_owned(), false),
            (format!("{clerk}learn_by_slug = true\n"), true),
        ] {
            assert_eq!(read(&file).unwrap()[0].learn_by_slug, believed, "{file}");
        }
    }

    #[test]
    fn the_documented_example_is_read() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/external-issuers.md");
        let page = std::fs::read_to_string(page).unwrap();
        let examples: Vec<&str> =
            page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(examples.len() >= 2, "{page}");
        for example in examples {
            // The secret's file is on the reader's machine.
            let example: String = example
                .lines()
                .filter(|line| !line.starts_with("webhook_secret_file"))
                .flat_map(|line| [line, "\n"])
                .collect();
            assert!(!read(&example).unwrap().is_empty(), "{example}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let file = "[[issuer]]\nname = \"Corp One\"\nissuer = \"http://id.example.com\"\nalgorithms = [\"HS256\"]\nleeway_seconds = 121\n\
                    max_age_seconds = \"1\"\nroles = { a = \"king\" }\nlink_by_mail = true\n[[issuer]]\npreset = \"clerk\"\ntenant_claim = \"x\"\n[other]\n";
        let wrong = read(file).unwrap_err();
        for part in [
            "issuer 1 name",
            "issuer 1 issuer",
            "issuer 1 audience is missing",
            "issuer 1 algorithms",
            "issuer 1 leeway_seconds",
            "issuer 1 max_age_seconds",
            "issuer 1 roles",
            "issuer 1 link_by_mail is not a known key",
            "issuer 2 name is missing",
            "issuer 2 issuer is missing",
            "issuer 2 authorized_parties is missing",
            "issuer 2 tenant_claim",
            "other is not a known key",
        ] {
            assert!(wrong.iter().any(|text| text.starts_with(part)), "{part}: {wrong:?}");
        }
        let twice = format!("{SMALLEST}{SMALLEST}");
        assert!(read(&twice).is_err() && read("issuer = 7").is_err() && read("issuer = [7]").is_err());
    }

    #[test]
    fn no_error_shows_a_value() {
        for file in [
            "[[issuer]]\nname = hunter2",
            "[[issuer]]\nname = \"Hunter2\"\nissuer = \"hunter2\"\njwks_url = \"hunter2\"\ndefault_role = \"hunter2\"\nwebhook_secret_file = \"/hunter2\"\n",
        ] {
            let wrong = read(file).unwrap_err();
            assert!(!wrong.is_empty() && !wrong.join(" ").to_lowercase().contains("hunter2"), "{wrong:?}");
        }
    }

    #[test]
    fn an_issuer_needs_an_audience() {
        let without = SMALLEST.replace("audience = \"tenantry\"\n", "");
        assert!(read(&without).is_err());
        assert!(read(&format!("{without}authorized_parties = [\"https://app.example.com\"]\n")).is_err());
        let clerk = |more: &str| read(&format!("{without}preset = \"clerk\"\n{more}"));
        assert!(clerk("").is_err() && clerk("authorized_parties = []\n").is_err());
        assert!(clerk("authorized_parties = [\"https://app.example.com\"]\n").is_ok());
    }
}
