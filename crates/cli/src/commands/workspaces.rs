//! `workspace list`, `create`, `rename`, `archive`, `unarchive`, `set-default`.
//!
//! Owns: how a workspace looks. Calls: /v1/workspaces. Called by: dispatch.
//! Invariants: a workspace is found by its slug among the archived ones too (`a_workspace_is_named_by_slug_or_id`); one that is archived wants its
//! name again (`nothing_of_people_is_destroyed_unasked`). After a crash: nothing is left.

use super::{Ctx, confirm, lists};
use crate::{
    api::Answer,
    args::PagingArgs,
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use tenantry_types::{
    WorkspaceId,
    identity::{CreateWorkspace, UpdateWorkspace},
    tenant::Workspace,
};

const WORKSPACES: &str = "/v1/workspaces";
const ARCHIVED_TOO: (&str, Option<&str>) = ("archived", Some("true"));

/// `workspace list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, archived: bool, paging: &PagingArgs) -> Result<Exit, Failure> {
    let filters: &[_] = if archived { &[ARCHIVED_TOO] } else { &[] };
    let page = lists::page::<Workspace>(ctx, WORKSPACES, filters, paging)?;
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
    let is = |workspace: &Workspace| workspace.slug == name;
    Ok(lists::find(ctx, WORKSPACES, &[ARCHIVED_TOO], is, || format!("no workspace has the slug {name}"))?.id)
}
