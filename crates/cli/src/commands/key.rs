//! `key create`, `list`, `reroll`, `revoke`, `check`.
//!
//! Owns: how a key looks. Calls: /v1/api-keys, POST /v1/tenants/{slug}/api-keys. Called by: dispatch.
//! Invariants: a secret goes to standard output only (`the_key_is_shown_once_on_standard_output`), and a key that is checked is not repeated
//! (`a_key_is_recognised_offline`); what makes a key stop to work is confirmed (`nothing_of_people_is_destroyed_unasked`).
//! After a crash: a key that was made and not shown cannot be had again; revoke it, and make another.

use super::{Ctx, confirm, lists, secret};
use crate::{
    api::{Answer, encode},
    args::{
        PagingArgs,
        identity::{CreateKeyArgs, RerollKeyArgs},
    },
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use chrono::{DateTime, Utc};
use tenantry_types::{
    ApiKeyId,
    key::{ApiKey, CreateApiKey, CreateOwnApiKey, KeyShape, NewApiKey, RerollApiKey},
};

const KEYS: &str = "/v1/api-keys";

/// `key create`: an operator's for any tenant, else for the workspace that the token is for.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateKeyArgs) -> Result<Exit, Failure> {
    let (name, scopes, expires_at) = (args.name.clone(), args.scopes.clone(), args.expires);
    let role = args.role.as_ref().map(|role| role.to_lowercase());
    let made = if let Some(tenant) = &args.tenant {
        let wish = CreateApiKey { name, workspace: args.workspace.clone(), role, expires_at, scopes };
        ctx.api.post::<_, NewApiKey>(&format!("/v1/tenants/{}/api-keys", encode(tenant)), &wish)?
    } else {
        ctx.api.post(KEYS, &CreateOwnApiKey { name, role, expires_at, scopes })?
    };
    shown_once(ctx, made)
}

/// `key list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, paging: &PagingArgs) -> Result<Exit, Failure> {
    let page = lists::page::<ApiKey>(ctx, KEYS, &[], paging)?;
    lists::show(ctx, &page, "no API keys", |keys, now| {
        table(
            ["key", "public id", "name", "role", "used", "ends"],
            keys.iter().map(|key| {
                [
                    key.id.to_string(),
                    key.public_id.clone(),
                    short(&key.name),
                    key.role.to_string(),
                    key.last_used_at.map_or_else(|| "never".to_owned(), |at| when(at, now)),
                    end(key, now),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `key reroll`.
pub(crate) fn reroll(ctx: &mut Ctx<'_, '_>, args: &RerollKeyArgs) -> Result<Exit, Failure> {
    if args.overlap_minutes == 0 {
        confirm::ask(
            ctx,
            &args.id.to_string(),
            "The old key will be refused at once, before the new one is in its place",
        )?;
    }
    let wish = RerollApiKey { overlap_minutes: args.overlap_minutes };
    let made = ctx.api.post(&format!("{KEYS}/{}/reroll", args.id), &wish)?;
    shown_once(ctx, made)
}

/// `key revoke`.
pub(crate) fn revoke(ctx: &mut Ctx<'_, '_>, id: ApiKeyId) -> Result<Exit, Failure> {
    confirm::ask(ctx, &id.to_string(), "What works with this key will be refused at once, for good")?;
    ctx.remove(&format!("{KEYS}/{id}"), &format!("{id} is revoked"))
}

/// `key check`: asks nobody.
pub(crate) fn check(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let text = secret::ask(ctx, "Text to check", false)?;
    let Some(shape) = KeyShape::of(text.expose().trim()) else {
        return Err(Failure::local(
            "not_a_key",
            "that is no API key of Tenantry: prefix, length or checksum are wrong",
        ));
    };
    let json = serde_json::json!({ "environment": shape.environment, "public_id": shape.public_id });
    ctx.result(&json.to_string(), |_| {
        facts(&[("environment", shape.environment.to_owned()), ("public id", shape.public_id.to_owned())])
    })?;
    ctx.hint("whether it still works, and whose it is: look for the public id in `tenantry key list`")?;
    Ok(Exit::Done)
}

fn shown_once(ctx: &mut Ctx<'_, '_>, made: Answer<NewApiKey>) -> Result<Exit, Failure> {
    let Answer { value: key, text } = made;
    ctx.result(&text, |now| {
        let mut rows = vec![
            ("key", key.key),
            ("name", format!("{} ({})", key.name, key.id)),
            ("tenant", key.tenant.to_string()),
            ("workspace", key.workspace_id.to_string()),
            ("role", key.role.to_string()),
        ];
        if !key.scopes.is_empty() {
            rows.push(("scopes", key.scopes.join(", ")));
        }
        rows.push(("expires", key.expires_at.map_or_else(|| "never".to_owned(), |time| when(time, now))));
        facts(&rows)
    })?;
    ctx.hint("keep the key now: only its hash is stored, and it is not shown again")?;
    Ok(Exit::Done)
}

fn end(key: &ApiKey, now: DateTime<Utc>) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", when(at, now)),
        (None, Some(at)) => when(at, now),
        (None, None) => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, Server, json};

    #[test]
    fn the_key_is_shown_once_on_standard_output() {
        let body = r#"{"id":"key_00000000000000000000000001","name":"ci","key":"tnt_dev_abc_secret_crc","tenant":"acme","workspace_id":"wsp_00000000000000000000000003","role":"admin","expires_at":null}"#;
        let server = Server::start(vec![json(201, body)]);
        let ran = Hands::at(&server).run("key create --tenant acme --name ci --role ADMIN");
        assert_eq!(ran.code, 0);
        insta::assert_snapshot!(ran.out, @r"
        key        tnt_dev_abc_secret_crc
        name       ci (key_00000000000000000000000001)
        tenant     acme
        workspace  wsp_00000000000000000000000003
        role       admin
        expires    never
        ");
        assert!(!ran.err.contains("secret") && ran.err.starts_with("next: keep the key now"));
        let seen = &server.seen()[0];
        assert_eq!(
            (seen.target.as_str(), seen.body.as_str()),
            ("/v1/tenants/acme/api-keys", r#"{"name":"ci","role":"admin"}"#)
        );
        assert_eq!(seen.header("idempotency-key").map(str::len), Some(36));
    }
}
