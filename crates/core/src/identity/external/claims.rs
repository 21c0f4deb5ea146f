//! What a token says, read strictly: a claim of another type than it should have is a wrong token, never an absent claim.
//!
//! Owns: nothing. Calls: nothing. Called by: token.
//! Invariants: a time that is a text is refused (`a_time_that_is_a_text_is_refused`); issuer and audience are exact (`issuer_and_audience_are_exact`); both
//! forms of Clerk's tokens say the same (`both_forms_of_clerk_say_the_same`). After a crash: nothing is left.

use super::{Issuer, Preset};
use crate::identity::Email;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tenantry_types::Role;

/// An organisation as the issuer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Organisation {
    /// Its id there, or its slug where it has none.
    pub(super) id: String,
    /// What its tenant here would be called.
    pub(super) slug: Option<String>,
    /// What the person is in it; none: a role that means nothing here.
    pub(super) role: Option<Role>,
}

/// What a token says that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) subject: String,
    pub(super) organisation: Option<Organisation>,
    /// Only where the issuer says that it has seen proof of it.
    pub(super) email: Option<Email>,
    pub(super) name: Option<String>,
    pub(super) said_at: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

type Why = &'static str;

/// Reads the claims of a token whose signature is right.
pub(super) fn read(issuer: &Issuer, claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<Claim, Why> {
    let (said_at, until) = times(issuer, claims, now)?;
    if claims.get("iss").and_then(Value::as_str) != Some(&*issuer.issuer) {
        return Err("it is another issuer's");
    }
    audience(issuer, claims)?;
    let subject = text(claims, "sub", 255)?.ok_or("it names nobody")?;
    let email = match claims.get("email_verified") {
        Some(Value::Bool(true)) => {
            text(claims, &issuer.claims.email, 254)?.and_then(|text| text.parse().ok())
        }
        _ => None,
    };
    let organisation = match issuer.preset {
        Preset::Oidc => plain(issuer, claims)?,
        Preset::Clerk => clerk(issuer, claims)?,
    };
    Ok(Claim { subject, organisation, email, name: name(claims), said_at, until })
}

/// When it was said, and until when it holds.
fn times(
    issuer: &Issuer,
    claims: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), Why> {
    let said_at = time(claims, "iat")?.ok_or("it does not say when it was made")?;
    let ends = time(claims, "exp")?.ok_or("it does not end")?;
    let begins = time(claims, "nbf")?.unwrap_or(said_at);
    let until = ends + issuer.leeway;
    if until <= now {
        return Err("it has ended");
    }
    if begins > now + issuer.leeway || said_at > now + issuer.leeway {
        return Err("it has not begun");
    }
    Ok((said_at, until))
}

/// Seconds since 1970, whole or not (RFC 7519, `NumericDate`).
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, Why> {
    const WRONG: Why = "a time in it is no number";
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = match value.as_i64() {
        Some(seconds) => seconds,
        #[expect(clippy::cast_possible_truncation, reason = "a time that far away is refused below")]
        None => value.as_f64().ok_or(WRONG)?.floor() as i64,
    };
    // Until the year 9999, so that leeway can be added.
    let sane = (0..=253_402_300_799).contains(&seconds);
    let time = sane.then(|| DateTime::from_timestamp(seconds, 0)).flatten();
    time.map(Some).ok_or("a time in it is out of range")
}

fn audience(issuer: &Issuer, claims: &Map<String, Value>) -> Result<(), Why> {
    if let Some(ours) = &issuer.audience {
        let fits = match claims.get("aud") {
            Some(Value::String(one)) => one == ours,
            Some(Value::Array(all)) => all.iter().all(Value::is_string) && all.iter().any(|one| one == ours),
            _ => false,
        };
        if !fits {
            return Err("it is for another audience");
        }
    }
    let parties = &issuer.authorized_parties;
    if !parties.is_empty() {
        let party = claims.get("azp").and_then(Value::as_str).ok_or("it names no authorised party")?;
        if !parties.iter().any(|known| known == party) {
            return Err("it was made for another party");
        }
    }
    // Without either, any token of the issuer would do, whomever it was made for. The configuration refuses that; so does this.
    if issuer.audience.is_none() && parties.is_empty() {
        return Err("its issuer has neither audience nor parties");
    }
    Ok(())
}

/// A text of 1 to `most` characters that PostgreSQL can store; null is absent.
fn text(claims: &Map<String, Value>, name: &str, most: usize) -> Result<Option<String>, Why> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text))
            if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) =>
        {
            Ok(Some(text.clone()))
        }
        Some(_) => Err("a claim in it has the wrong form"),
    }
}

fn organisation(
    issuer: &Issuer,
    id: Option<String>,
    slug: Option<String>,
    role: Option<&str>,
) -> Option<Organisation> {
    let role = issuer.role(role);
    let id = id.or_else(|| slug.clone())?;
    Some(Organisation { id, slug, role })
}

fn plain(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Option<Organisation>, Why> {
    let names = &issuer.claims;
    let id = text(claims, &names.organisation, 255)?;
    let slug = text(claims, &names.tenant, 255)?;
    let role = text(claims, &names.role, 255)?;
    Ok(organisation(issuer, id, slug, role.as_deref()))
}

/// Clerk's session tokens: version 1 has `org_…` claims, version 2 has them in `o`, shortened.
fn clerk(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Option<Organisation>, Why> {
    // Signed in, and something is still to be done first, such as choosing an organisation.
    if claims.get("sts").is_some_and(|status| status != "active") {
        return Err("its session is not active yet");
    }
    // Somebody of the issuer's own acts as the person. Our audit trail would name the person.
    if claims.get("act").is_some_and(|actor| !actor.is_null()) {
        return Err("somebody else acts in it");
    }
    match claims.get("v").map(Value::as_u64) {
        None | Some(Some(1)) => plain(issuer, claims),
        Some(Some(2)) => match claims.get("o") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(own)) => {
                let id = text(own, "id", 255)?.ok_or("its organisation has no id")?;
                let role = text(own, "rol", 255)?;
                let role =
                    role.map(|role| if role.starts_with("org:") { role } else { format!("org:{role}") });
                Ok(organisation(issuer, Some(id), text(own, "slg", 255)?, role.as_deref()))
            }
            Some(_) => Err("its organisation has the wrong form"),
        },
        Some(_) => Err("its version is unknown"),
    }
}

/// What to call the person: one line, nothing hidden in it.
fn name(claims: &Map<String, Value>) -> Option<String> {
    let word =
        |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let whole = word("name").map(str::to_owned).or_else(|| match (word("given_name"), word("family_name")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other).map(str::to_owned),
    });
    let mut fields = crate::Fields::default();
    let whole: String = whole?.chars().take(200).collect();
    fields.line("", &whole, 200);
    fields.check().is_ok().then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::{super::settings::Algorithm, *};
    use chrono::TimeDelta;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    fn issuer(preset: Preset) -> Issuer {
        let roles = [("org:admin", Role::Admin), ("org:member", Role::Member), ("admin", Role::Admin)];
        Issuer {
            name: "local".to_owned(),
            issuer: "https://a.example".to_owned(),
            preset,
            jwks_url: None,
            audience: (preset == Preset::Oidc).then(|| "tenantry".to_owned()),
            authorized_parties: if preset == Preset::Clerk {
                vec!["https://app.example".to_owned()]
            } else {
                vec![]
            },
            algorithms: vec![Algorithm::Rs256],
            leeway: TimeDelta::seconds(30),
            max_age: TimeDelta::hours(1),
            webhook_secret: None,
            claims: super::super::ClaimNames::default(),
            workspace: None,
            roles: roles.map(|(word, role)| (word.to_owned(), role)).into(),
            default_role: None,
            organisations: std::collections::BTreeMap::new(),
            learn_by_slug: false,
            link_by_email: false,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "each case is written where it is used")]
    fn with(preset: Preset, more: Value) -> Result<Claim, Why> {
        let mut claims = json!({"iss": "https://a.example", "sub": "ada", "iat": NOW, "exp": NOW + 60});
        claims[if preset == Preset::Clerk { "azp" } else { "aud" }] =
            json!(if preset == Preset::Clerk { "https://app.example" } else { "tenantry" });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let now = DateTime::from_timestamp(NOW + 1, 0).unwrap();
        read(&issuer(preset), claims.as_object().unwrap(), now)
    }

    #[test]
    fn a_time_that_is_a_text_is_refused() {
        let told = with(Preset::Oidc, json!({"exp": NOW + 60, "nbf": 1.5})).unwrap();
        assert_eq!(told.until.timestamp(), NOW + 90, "the leeway is part of it");
        for wrong in [
            json!({"exp": (NOW + 60).to_string()}),
            json!({"exp": null}),
            json!({"exp": NOW - 30}),
            json!({"exp": 1e300}),
            json!({"exp": -1}),
            json!({"exp": u64::MAX}),
            json!({"exp": [NOW + 60]}),
            json!({"iat": NOW.to_string()}),
            json!({"iat": null}),
            json!({"iat": NOW + 60}),
            json!({"nbf": (NOW - 60).to_string()}),
            json!({"nbf": NOW + 60}),
            json!({"nbf": null}),
        ] {
            assert!(with(Preset::Oidc, wrong.clone()).is_err(), "{wrong}");
        }
        assert!(with(Preset::Oidc, json!({"exp": NOW - 20, "nbf": NOW + 20})).is_ok(), "within the leeway");
    }

    #[test]
    fn issuer_and_audience_are_exact() {
        assert!(with(Preset::Oidc, json!({"aud": ["other", "tenantry"]})).is_ok());
        for wrong in [
            json!({"iss": "https://a.example/"}),
            json!({"iss": ["https://a.example"]}),
            json!({"aud": "tenantry2"}),
            json!({"aud": "Tenantry"}),
            json!({"aud": ["other"]}),
            json!({"aud": ["tenantry", 7]}),
            json!({"aud": null}),
            json!({"aud": {"tenantry": true}}),
            json!({"sub": ""}),
            json!({"sub": null}),
            json!({"sub": 7}),
            json!({"sub": "a\u{0}b"}),
            json!({"sub": "x".repeat(256)}),
        ] {
            assert!(with(Preset::Oidc, wrong.clone()).is_err(), "{wrong}");
        }
        for wrong in [
            json!({"azp": "https://evil.example"}),
            json!({"azp": null}),
            json!({"azp": ["https://app.example"]}),
        ] {
            assert!(with(Preset::Clerk, wrong.clone()).is_err(), "{wrong}");
        }
        let unbound = Issuer { audience: None, ..issuer(Preset::Oidc) };
        let claims = json!({"iss": "https://a.example", "sub": "ada", "iat": NOW, "exp": NOW + 60});
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        assert!(read(&unbound, claims.as_object().unwrap(), now).is_err());
    }

    #[test]
    fn both_forms_of_clerk_say_the_same() {
        let one = with(
            Preset::Clerk,
            json!({"org_id": "org_1", "org_slug": "acme", "org_role": "org:admin", "org_permissions": []}),
        );
        let two = with(
            Preset::Clerk,
            json!({"v": 2, "sts": "active", "o": {"id": "org_1", "slg": "acme", "rol": "admin", "per": "x"}}),
        );
        let organisation =
            Organisation { id: "org_1".to_owned(), slug: Some("acme".to_owned()), role: Some(Role::Admin) };
        assert_eq!(one.clone().unwrap().organisation, Some(organisation));
        assert_eq!(one, two);
        let none = |more: Value| with(Preset::Clerk, more).unwrap().organisation;
        assert_eq!(none(json!({})), None);
        assert_eq!(none(json!({"v": 2, "fva": [0, -1]})), None);
        assert_eq!(
            none(json!({"v": 2, "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin"})),
            None
        );
        for wrong in [
            json!({"sts": "pending"}),
            json!({"v": 2, "sts": "pending", "o": {"id": "org_1", "slg": "acme", "rol": "admin"}}),
            json!({"v": 3, "org_id": "org_1"}),
            json!({"v": "2"}),
            json!({"v": 2, "o": "org_1"}),
            json!({"v": 2, "o": {"slg": "acme", "rol": "admin"}}),
            json!({"org_id": 7}),
            json!({"act": {"sub": "support"}}),
        ] {
            assert!(with(Preset::Clerk, wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unproven_address_is_none() {
        let told = |more: Value| with(Preset::Oidc, more).unwrap().email.map(|email| email.to_string());
        assert_eq!(
            told(json!({"email": "Ada@example.com", "email_verified": true})).as_deref(),
            Some("ada@example.com")
        );
        for none in [
            json!({"email": "ada@example.com"}),
            json!({"email": "ada@example.com", "email_verified": false}),
            json!({"email": "ada@example.com", "email_verified": "true"}),
            json!({"email": "аda@example.com", "email_verified": true}),
        ] {
            assert_eq!(told(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn roles_mean_what_the_settings_say() {
        let role = |word: Value| {
            let told = with(Preset::Oidc, json!({"org_slug": "acme", "org_role": word})).unwrap();
            told.organisation.unwrap().role
        };
        assert_eq!(role(json!("admin")), Some(Role::Admin));
        for nothing in [json!("owner"), json!("Admin"), json!("org:owner"), json!(null)] {
            assert_eq!(role(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn names_are_one_line() {
        let told = |more: Value| with(Preset::Oidc, more).unwrap().name;
        assert_eq!(told(json!({"name": " Ada Lovelace "})).as_deref(), Some("Ada Lovelace"));
        assert_eq!(told(json!({"given_name": "Ada", "family_name": "L"})).as_deref(), Some("Ada L"));
        assert_eq!(told(json!({"name": "x".repeat(300)})).map(|name| name.len()), Some(200));
        for none in [json!({}), json!({"name": "a\u{0}"}), json!({"name": "\u{202e}a"}), json!({"name": 7})] {
            assert_eq!(told(none.clone()), None, "{none}");
        }
    }
}
