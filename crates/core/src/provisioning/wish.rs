//! What may be wished for: the fields of a new tenant, the query of a list.
//!
//! Owns: nothing. Calls: identity, registry's types. Called by: provisioning.
//! Invariants: every wrong field is told at once (`every_wrong_field_is_told`); addresses are ASCII, so that look-alikes cannot pass for others.
//! After a crash: nothing is left.

use super::store::ListRuns;
use crate::{
    Fields, Result,
    identity::{is_domain, is_email},
    placement::Template,
    registry::Overrides,
};
use tenantry_types::{
    RunId, Slug, SlugRefusal, Tier,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
    run::{RunKind, RunStatus},
    tenant::CreateTenant,
};

/// A wish that can be fulfilled.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) slug: Slug,
    pub(super) name: String,
    pub(super) admin_email: String,
    pub(super) tier: Tier,
    pub(super) allowed_domains: Vec<String>,
    pub(super) own: Overrides,
    /// The version that its schema is to begin at, where one was named.
    pub(super) schema_version: Option<String>,
    /// What a schema of that version is made of; where none was named, of the newest.
    pub(super) template: Template,
    pub(super) demo_data: bool,
}

pub(super) fn check(wish: CreateTenant, default_tier: Tier, newest: &Template) -> Result<Wish> {
    let mut fields = Fields::default();
    let slug = wish
        .slug
        .parse::<Slug>()
        .map_err(|refusal: SlugRefusal| fields.wrong("/slug", refusal.code(), refusal.to_string()))
        .ok();
    fields.line("/name", &wish.name, 200);
    if !is_email(&wish.admin_email) {
        fields.wrong("/admin_email", "invalid", "must be an e-mail address such as ops@example.com");
    }
    let tier = wish
        .plan_tier
        .as_deref()
        .map_or(Some(default_tier), |text| fields.parsed("/plan_tier", text.parse()));
    if wish.allowed_domains.len() > 20 {
        fields.wrong("/allowed_domains", "too_many", "must have at most 20 domains");
    }
    for (place, domain) in wish.allowed_domains.iter().enumerate() {
        if !is_domain(domain) {
            fields.wrong(
                &format!("/allowed_domains/{place}"),
                "invalid",
                "must be a domain such as example.com",
            );
        }
    }
    let own = Overrides {
        agents: own_number(&mut fields, "/max_agents", wish.max_agents),
        tasks_per_month: own_number(&mut fields, "/max_tasks_per_month", wish.max_tasks_per_month),
        storage_gb: own_number(&mut fields, "/storage_limit_gb", wish.storage_limit_gb),
    };
    let named = wish.schema_version.as_deref();
    let template = named.map_or_else(|| Some(newest.clone()), |version| newest.at(version));
    if template.is_none() {
        fields.wrong("/schema_version", "unknown", versions_in_words(newest));
    }
    if wish.demo_data && !newest.is_built_in() {
        fields.wrong(
            "/demo_data",
            "unavailable",
            "must be false: demo data are rows of the agent platform's tables, and tenants have others here",
        );
    }
    fields.check()?;
    let (Some(slug), Some(tier), Some(template)) = (slug, tier, template) else {
        return Err(crate::Error::Fault("a checked wish lacks a field".to_owned()));
    };
    Ok(Wish {
        slug,
        name: wish.name.trim().to_owned(),
        admin_email: wish.admin_email,
        tier,
        allowed_domains: wish.allowed_domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        own,
        schema_version: named.map(|_| template.version()),
        template,
        demo_data: wish.demo_data,
    })
}

/// Versions that are told when another one is asked for.
const TOLD: usize = 10;

fn versions_in_words(template: &Template) -> String {
    let all = template.offered();
    let told: Vec<String> =
        all.iter().take(TOLD).filter_map(|file| Some(file.version()?.to_string())).collect();
    match (told.as_slice(), all.len()) {
        ([], _) => "must be absent: the migrations have no versions".to_owned(),
        ([one], 1) => format!("must be {one}, the version that this server serves"),
        (some, all) if all > TOLD => {
            format!(
                "must be one of the {all} that the migrations bring, the newest of which are {}",
                some.join(", ")
            )
        }
        (some, _) => format!("must be one of those that the migrations bring: {}", some.join(", ")),
    }
}

/// A number in place of a tier's, as its column can hold it.
pub(super) fn own_number(fields: &mut Fields, pointer: &str, number: Option<u32>) -> Option<u64> {
    if number.is_some_and(|number| i32::try_from(number).is_err()) {
        fields.wrong(pointer, "out_of_range", format!("must be 0 to {}", i32::MAX));
    }
    number.map(u64::from)
}

pub(super) fn check_list(
    tenant: Option<String>,
    status: Option<&str>,
    kind: Option<&str>,
    limit: Option<u16>,
    cursor: Option<&str>,
) -> Result<ListRuns> {
    let mut fields = Fields::default();
    let kind = kind.and_then(|text| fields.parsed("kind", text.parse::<RunKind>()));
    let status = status.and_then(|text| {
        let known: std::result::Result<Vec<RunStatus>, _> = text.split(',').map(str::parse).collect();
        fields.parsed("status", known)
    });
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        fields.wrong("limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}"));
    }
    if tenant.as_deref().is_some_and(|slug| Slug::stored(slug).is_none()) {
        fields.wrong("tenant", "invalid", "must be a slug");
    }
    let before = cursor.and_then(|text| fields.parsed("cursor", text.parse::<RunId>()));
    fields.check()?;
    Ok(ListRuns {
        tenant,
        status: status.map(|all| all.iter().map(|one| one.as_str().to_owned()).collect()),
        kind,
        limit: i64::from(limit),
        before,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn every_wrong_field_is_told() {
        let wish = CreateTenant {
            slug: "www".to_owned(),
            name: " ".to_owned(),
            admin_email: "nobody".to_owned(),
            plan_tier: Some("gold".to_owned()),
            allowed_domains: vec!["example.com".to_owned(), "com".to_owned()],
            max_agents: Some(u32::MAX),
            max_tasks_per_month: Some(0),
            storage_limit_gb: Some(1 << 31),
            schema_version: Some("0.9".to_owned()),
            demo_data: true,
        };
        let template = Template::built_in().unwrap();
        let Err(Error::Refused { errors, .. }) = check(wish, Tier::Free, &template) else {
            panic!("must refuse")
        };
        let told: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        assert_eq!(
            told,
            [
                ("/slug", "reserved"),
                ("/name", "required"),
                ("/admin_email", "invalid"),
                ("/plan_tier", "invalid"),
                ("/allowed_domains/1", "invalid"),
                ("/max_agents", "out_of_range"),
                ("/storage_limit_gb", "out_of_range"),
                ("/schema_version", "unknown"),
            ]
        );
        assert_eq!(errors.last().unwrap().detail, "must be 1, the version that this server serves");
    }

    #[test]
    fn addresses() {
        for good in ["ops@example.com", "a.b+c@sub.example.co", "x@xn--bcher-kva.example"] {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "@",
            "a@",
            "@b.c",
            "a b@c.de",
            "a@b",
            "a..b@c.de",
            ".a@c.de",
            "a@c.de\n",
            "a@-c.de",
            "a@1.2.3.4",
            "ä@c.de",
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
