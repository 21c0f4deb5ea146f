//! `tier list` and `tenant versions`: what a new tenant can be made of.
//!
//! Owns: how tiers and versions look. Calls: /v1/tiers, /v1/tenant-template. Called by: dispatch.
//! Invariants: what is unlimited or negotiated says so (`tiers_tell_what_is_unlimited`). After a crash: nothing is left.

use super::{Ctx, lists};
use crate::{
    api::Answer,
    outcome::{Exit, Failure},
    render::{limit, short, table},
};
use tenantry_types::{TierTerms, page::Page, tenant::TenantTemplate};

/// `tier list`.
pub(crate) fn tiers(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let page: Answer<Page<TierTerms>> = ctx.api.get("/v1/tiers")?;
    lists::show(ctx, &page, "no tiers", |tiers, _| {
        table(
            [
                "tier",
                "a month",
                "agents",
                "tasks a month",
                "workspaces",
                "members",
                "API calls an hour",
                "GB",
            ],
            tiers.iter().map(|tier| {
                let most = &tier.limits;
                let price = tier.price_usd_per_month.as_ref();
                [
                    format!("{}{}", tier.name, if tier.is_default { " (default)" } else { "" }),
                    price.map_or_else(|| "custom".to_owned(), |price| format!("${price}")),
                    limit(most.agents),
                    limit(most.tasks_per_month),
                    limit(most.workspaces),
                    limit(most.workspace_members),
                    limit(most.api_calls_per_hour),
                    limit(most.storage_gb),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `tenant versions`.
pub(crate) fn versions(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let Answer { value, text } = ctx.api.get::<TenantTemplate>("/v1/tenant-template")?;
    ctx.result(&text, |_| {
        table(
            ["version", "description", "warm slots"],
            value.versions.iter().map(|one| {
                let newest = if one.is_default { " (newest)" } else { "" };
                [format!("{}{newest}", one.version), short(&one.description), one.warm_slots.to_string()]
            }),
        )
    })?;
    if !value.demo_data {
        ctx.hint("no demo data here: they are rows of the agent platform's tables")?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, Server, json};

    #[test]
    fn tiers_tell_what_is_unlimited() {
        let limits = r#"{"agent_minutes_per_month":null,"api_calls_per_hour":1000,"concurrent_tasks":5,"workspaces":3,"workspace_members":3,"agents":50,"tasks_per_month":10000,"storage_gb":10,"queue_priority":1}"#;
        let starter = format!(
            r#"{{"name":"starter","is_default":true,"limits":{limits},"price_usd_per_month":"49.00"}}"#
        );
        let none = limits.replace("1000,", "null,").replace(":50,", ":null,");
        let large = format!(
            r#"{{"name":"enterprise","is_default":false,"limits":{none},"price_usd_per_month":null}}"#
        );
        let page = format!(r#"{{"items":[{starter},{large}],"next_cursor":null}}"#);
        let server = Server::start(vec![json(200, &page)]);
        let ran = Hands::at(&server).run("tier list");
        assert_eq!(ran.code, 0, "{}", ran.err);
        insta::assert_snapshot!(ran.out, @r"
        TIER               A MONTH  AGENTS     TASKS A MONTH  WORKSPACES  MEMBERS  API CALLS AN HOUR  GB
        starter (default)  $49.00   50         10,000         3           3        1,000              10
        enterprise         custom   unlimited  10,000         3           3        unlimited          10
        ");
        assert_eq!(server.seen()[0].target, "/v1/tiers");
    }

    #[test]
    fn versions_tell_the_newest_and_what_is_ready() {
        let told = r#"{"versions":[{"version":"2.1","description":"notes","is_default":true,"warm_slots":16},{"version":"1","description":"orders","is_default":false,"warm_slots":0}],"demo_data":false}"#;
        let server = Server::start(vec![json(200, told)]);
        let ran = Hands::at(&server).run("tenant versions");
        insta::assert_snapshot!(ran.out, @r"
        VERSION       DESCRIPTION  WARM SLOTS
        2.1 (newest)  notes        16
        1             orders       0
        ");
        assert_eq!(ran.err, "next: no demo data here: they are rows of the agent platform's tables\n");
        assert_eq!(server.seen()[0].target, "/v1/tenant-template");
    }
}
