//! `key create`: an API key for one workspace of a tenant.
//!
//! Owns: nothing. Calls: POST /v1/tenants/{slug}/api-keys. Called by: dispatch.
//! Invariants: the secret goes to standard output only (`the_key_is_shown_once_on_standard_output`).
//! After a crash: a key that was made and not shown cannot be had again; make another.

use super::Ctx;
use crate::{
    api::{Answer, encode},
    args::CreateKeyArgs,
    outcome::{Exit, Failure},
    render::{facts, when},
};
use tenantry_types::key::{CreateApiKey, NewApiKey};

/// `key create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateKeyArgs) -> Result<Exit, Failure> {
    let wish = CreateApiKey {
        name: args.name.clone(),
        workspace: args.workspace.clone(),
        role: args.role.as_ref().map(|role| role.to_lowercase()),
        expires_at: None,
        scopes: Vec::new(),
    };
    let path = format!("/v1/tenants/{}/api-keys", encode(&args.tenant));
    let Answer { value: key, text } = ctx.api.post::<_, NewApiKey>(&path, &wish)?;
    ctx.result(&text, |now| {
        facts(&[
            ("key", key.key),
            ("name", format!("{} ({})", key.name, key.id)),
            ("tenant", key.tenant.to_string()),
            ("workspace", key.workspace_id.to_string()),
            ("role", key.role.to_string()),
            ("expires", key.expires_at.map_or_else(|| "never".to_owned(), |time| when(time, now))),
        ])
    })?;
    ctx.hint("keep the key now: only its hash is stored, and it is not shown again")?;
    Ok(Exit::Done)
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
