//! `audit list`, `audit tail`, `audit verify`, `audit export`.
//!
//! Owns: how an audit event looks. Calls: /v1/audit-events. Called by: dispatch.
//! Invariants: `tail` shows every event once, also when it is sealed meanwhile or more come in than fit a page (`a_tail_shows_each_event_once`); an
//! export that broke is no success (`an_export_that_breaks_fails`); a chain that is not as it was sealed is exit 1 (`what_is_wrong_is_printed`).
//! After a crash: nothing is left.

use super::{Ctx, lists};
use crate::{
    api::{Answer, with_query},
    args::{AuditFilterArgs, ExportAuditArgs, ListAuditArgs, VerifyAuditArgs},
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use serde_json::value::RawValue;
use std::{
    collections::HashSet,
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    time::Duration,
};
use tenantry_types::{
    EventId,
    audit::{AuditEvent, AuditVerification},
    page::Page,
};

const EVENTS: &str = "/v1/audit-events";
/// How often `tail` looks.
const EVERY: Duration = Duration::from_secs(1);
/// Events that `tail` begins with.
const FIRST: &str = "10";
/// Looks in a row that may fail: enough for a server to restart.
const FAILED_LOOKS: u32 = 20;

impl AuditFilterArgs {
    fn parameters(&self) -> Vec<(&'static str, Option<&str>)> {
        vec![
            ("tenant", self.tenant.as_deref()),
            ("actor", self.actor.as_deref()),
            ("action", self.action.as_deref()),
            ("target", self.target.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
        ]
    }
}

/// `audit list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, args: &ListAuditArgs) -> Result<Exit, Failure> {
    let page = lists::page::<AuditEvent>(ctx, EVENTS, &args.filter.parameters(), &args.paging)?;
    lists::show(ctx, &page, "no audit events", |events, now| {
        table(
            ["seq", "when", "actor", "action", "target"],
            events.iter().map(|event| {
                [
                    event.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string()),
                    when(event.occurred_at, now),
                    short(&event.actor),
                    short(&event.action),
                    short(event.target.as_deref().unwrap_or_default()),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// An event as it came, and as this version reads it.
struct Came {
    text: Box<RawValue>,
    event: AuditEvent,
}

/// What `tail` has shown: everything from `known` down, and these above it.
#[derive(Default)]
struct Shown {
    known: Option<EventId>,
    above: HashSet<EventId>,
}

/// `audit tail`.
pub(crate) fn tail(ctx: &mut Ctx<'_, '_>, tenant: Option<&str>) -> Result<Exit, Failure> {
    let mut shown = Shown::default();
    let first = look(ctx, tenant, &mut shown, true)?;
    show(ctx, first)?;
    let mut failed = 0;
    loop {
        ctx.world.clock.pause(EVERY);
        match look(ctx, tenant, &mut shown, false) {
            Ok(new) => {
                failed = 0;
                show(ctx, new)?;
            }
            Err(failure) if failure.passing && failed < FAILED_LOOKS => failed += 1,
            Err(failure) => return Err(failure),
        }
    }
}

/// What is new, latest first. Pages are read until one reaches what was known.
fn look(
    ctx: &Ctx<'_, '_>,
    tenant: Option<&str>,
    shown: &mut Shown,
    first: bool,
) -> Result<Vec<Came>, Failure> {
    let (mut found, mut cursor, mut pages): (Vec<Came>, Option<String>, u32) = (Vec::new(), None, 0);
    let mut wanted = usize::MAX;
    loop {
        let limit = if first && pages == 0 { FIRST } else { "200" };
        let parameters = [("tenant", tenant), ("limit", Some(limit)), ("cursor", cursor.as_deref())];
        let page = ctx.api.get::<Page<Box<RawValue>>>(&with_query(EVENTS, &parameters))?.value;
        for text in page.items {
            let event = Answer::<AuditEvent>::read(text.get().to_owned(), EVENTS)?.value;
            found.push(Came { text, event });
        }
        if first && pages == 0 {
            wanted = found.len();
        }
        pages += 1;
        let reached = found.iter().any(|came| match shown.known {
            Some(known) => came.event.id == known,
            // The first look ends with the first sealed event: all below it is older.
            None => first && came.event.sealed,
        });
        cursor = page.next_cursor;
        if reached || cursor.is_none() {
            break;
        }
    }
    if let Some(known) = shown.known
        && let Some(place) = found.iter().position(|came| came.event.id == known)
    {
        found.truncate(place);
    }
    let above = found.iter().map(|came| came.event.id).collect();
    if let Some(latest) = found.iter().find(|came| came.event.sealed) {
        shown.known = Some(latest.event.id);
    }
    let before = std::mem::replace(&mut shown.above, above);
    found.truncate(wanted);
    found.retain(|came| !before.contains(&came.event.id));
    Ok(found)
}

/// Oldest first, a line each.
fn show(ctx: &mut Ctx<'_, '_>, found: Vec<Came>) -> Result<(), Failure> {
    for Came { text, event } in found.into_iter().rev() {
        if ctx.is_json() {
            writeln!(ctx.world.out, "{}", text.get())?;
            continue;
        }
        let line = [
            event.occurred_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            event.actor,
            event.action,
            event.target.unwrap_or_default(),
            event.tenant_id.map_or_else(|| "platform".to_owned(), |tenant| tenant.to_string()),
        ];
        writeln!(ctx.world.out, "{}", crate::render::clean(&line.join("  ")))?;
    }
    Ok(ctx.world.out.flush()?)
}

/// `audit verify`.
pub(crate) fn verify(ctx: &mut Ctx<'_, '_>, args: &VerifyAuditArgs) -> Result<Exit, Failure> {
    let path = format!("{EVENTS}/verify");
    if args.all {
        return verify_all(ctx, &format!("{path}?all=true"));
    }
    let path = with_query(&path, &[("tenant", args.tenant.as_deref())]);
    let Answer { value: found, text } = ctx.api.get::<AuditVerification>(&path)?;
    ctx.result(&text, |_| in_full(&found))?;
    Ok(if found.ok { Exit::Done } else { Exit::Failed })
}

/// One line per chain comes as it is verified; only those with something wrong are shown in full.
fn verify_all(ctx: &mut Ctx<'_, '_>, path: &str) -> Result<Exit, Failure> {
    let mut lines = BufReader::new(ctx.api.events(path, None, None)?);
    let (mut chains, mut events, mut wrong, mut line) = (0_u64, 0, 0_u64, String::new());
    loop {
        line.clear();
        if lines.read_line(&mut line).map_err(|error| broken(&error))? == 0 {
            break;
        }
        let found = Answer::<AuditVerification>::read(line.trim_end().to_owned(), path)?.value;
        chains += 1;
        events += found.events;
        wrong += u64::from(!found.ok);
        if ctx.is_json() {
            writeln!(ctx.world.out, "{}", line.trim_end())?;
        } else if !found.ok {
            writeln!(ctx.world.out, "{}", in_full(&found))?;
        }
    }
    ctx.world.out.flush()?;
    ctx.say(&format!("{chains} chains with {events} events, {wrong} not as they were sealed"))?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Failed })
}

fn in_full(found: &AuditVerification) -> String {
    let chain = match &found.tenant {
        Some(slug) => format!("{slug} ({})", found.chain),
        None => found.chain.clone(),
    };
    let mut text = facts(&[
        ("chain", chain),
        ("events", found.events.to_string()),
        ("head", format!("{} {}", found.head.seq, found.head.hash)),
        ("as sealed", if found.ok { "yes" } else { "no" }.to_owned()),
    ]);
    if found.ok {
        return text;
    }
    text.push('\n');
    text.push_str(&table(
        ["seq", "what", "event", "why"],
        found.problems.iter().map(|problem| {
            [
                problem.seq.to_string(),
                problem.kind.to_string(),
                problem.id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
                problem.detail.clone(),
            ]
        }),
    ));
    if found.more_problems > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "and {} more", found.more_problems);
    }
    text
}

/// `audit export`.
pub(crate) fn export(ctx: &mut Ctx<'_, '_>, args: &ExportAuditArgs) -> Result<Exit, Failure> {
    let format = args.format.to_lowercase();
    let mut parameters = vec![("format", Some(format.as_str()))];
    parameters.extend(args.filter.parameters());
    let mut reader = ctx.api.events(&with_query(&format!("{EVENTS}/export"), &parameters), None, None)?;
    let mut bytes = vec![0; 64 << 10];
    loop {
        match reader.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => ctx.world.out.write_all(&bytes[..read])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    ctx.world.out.flush()?;
    Ok(Exit::Done)
}

fn broken(error: &std::io::Error) -> Failure {
    Failure::local("connection_lost", format!("the answer broke off before its end: {error}"))
        .next("what was written so far is not all: try again")
        .passing()
}

#[cfg(test)]
mod tests;
