//! `workspace list`, `create`, `rename`, `archive`, `unarchive`, `set-default`.
//!
//! Owns: how a workspace looks. Calls: /v1/workspaces. Called by: dispatch.
//! Invariants: a workspace is found by its slug among the archived ones too (`a_workspace_is_named_by_slug_or_id`); one that is archived wants its
//! name again (`nothing_of_people_is_destroyed_unasked`). After a crash: nothing is left.

use super::{Ctx, confirm, lists};
use crate::{
    api::{Answer, with_query},
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use tenantry_types::{
    WorkspaceId,
    identity::{CreateWorkspace, UpdateWorkspace},
    page::Page,
    tenant::Workspace,
};

const WORKSPACES: &str = "/v1/workspaces";
const ARCHIVED_TOO: (&str, Option<&str>) = ("archived", Some("true"));

/// `workspace list`: of all, which the API answers with at once.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, archived: bool) -> Result<Exit, Failure> {
    let filters: &[_] = if archived { &[ARCHIVED_TOO] } else { &[] };
    let page = ctx.api.get::<Page<Workspace>>(&with_query(WORKSPACES, filters))?;
    lists::show(ctx, &page, "no workspaces", |workspaces, now| {
        table(
            ["workspace", "slug", "name", "created", "state"],
            workspaces.iter().map(|workspace| {
                [
                    workspace.id.to_string(),
                    workspace.slug.clone(),
                    short(&workspace.name),
                    when(workspace.created_at, now),
                    state(workspace).to_owned(),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `workspace create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, slug: &str, name: &str) -> Result<Exit, Failure> {
    let wish = CreateWorkspace { slug: slug.to_owned(), name: name.to_owned() };
    let answer = ctx.api.post::<_, Workspace>(WORKSPACES, &wish)?;
    shown(ctx, &answer)
}

/// `workspace rename`.
pub(crate) fn rename(ctx: &mut Ctx<'_, '_>, workspace: &str, name: &str) -> Result<Exit, Failure> {
    let wish = UpdateWorkspace { name: Some(name.to_owned()), ..UpdateWorkspace::default() };
    update(ctx, workspace, &wish)
}

/// `workspace archive`.
pub(crate) fn archive(ctx: &mut Ctx<'_, '_>, workspace: &str) -> Result<Exit, Failure> {
    let what = format!("The members and keys of {workspace} will be refused; its rows stay");
    confirm::ask(ctx, workspace, &what)?;
    update(ctx, workspace, &UpdateWorkspace { archived: Some(true), ..UpdateWorkspace::default() })
}

/// `workspace unarchive`.
pub(crate) fn unarchive(ctx: &mut Ctx<'_, '_>, workspace: &str) -> Result<Exit, Failure> {
    update(ctx, workspace, &UpdateWorkspace { archived: Some(false), ..UpdateWorkspace::default() })
}

/// `workspace set-default`.
pub(crate) fn set_default(ctx: &mut Ctx<'_, '_>, workspace: &str) -> Result<Exit, Failure> {
    update(ctx, workspace, &UpdateWorkspace { is_default: Some(true), ..UpdateWorkspace::default() })
}

fn update(ctx: &mut Ctx<'_, '_>, workspace: &str, wish: &UpdateWorkspace) -> Result<Exit, Failure> {
    let path = format!("{WORKSPACES}/{}", find(ctx, workspace)?);
    let answer = ctx.api.patch::<_, Workspace>(&path, wish)?;
    shown(ctx, &answer)
}

fn shown(ctx: &mut Ctx<'_, '_>, answer: &Answer<Workspace>) -> Result<Exit, Failure> {
    let workspace = &answer.value;
    ctx.result(&answer.text, |_| {
        facts(&[
            ("workspace", format!("{} ({})", workspace.slug, workspace.id)),
            ("name", workspace.name.clone()),
            ("state", state(workspace).to_owned()),
        ])
    })?;
    Ok(Exit::Done)
}

fn state(workspace: &Workspace) -> &'static str {
    match (workspace.archived_at, workspace.is_default) {
        (Some(_), _) => "archived",
        (None, true) => "default",
        (None, false) => "-",
    }
}

fn find(ctx: &Ctx<'_, '_>, name: &str) -> Result<WorkspaceId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let all = ctx.api.get::<Page<Workspace>>(&with_query(WORKSPACES, &[ARCHIVED_TOO]))?.value.items;
    let found = all.into_iter().find(|workspace| workspace.slug == name);
    let none = || Failure::local("not_found", format!("no workspace has the slug {name}"));
    found.map(|workspace| workspace.id).ok_or_else(none)
}
