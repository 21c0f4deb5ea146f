//! What one tenant of the proof asks for, and what must come of it.
//!
//! Owns: nothing. Calls: the API. Called by: proof.
//! Invariants: two answers that have to be alike are asked for again before they count as different, since a worker may have sealed or swept in between; the other
//! tenant has looked at its own before it is asked for, so that whatever remembers answers has something to give away (`each_break_of_the_api_is_named`); a kind of id
//! that the proof does not know is open, so that a new one is taught (`a_whole_api_is_proved`). After a crash: nothing is left.

use super::{
    counts::{CONTROLS, Counts, IDS, ROWS, TENANT, WORKSPACE},
    making::{Identity, Ids, Probe},
    operations::{self, MAILS, NAMING, Operation},
    talking::{Answer, Asked, Talk},
    view::View,
};
use axum::http::Method;
use tenantry_core::Result;

/// How often two answers that differ are asked for again.
const AGAIN: usize = 2;

pub(super) struct Asking {
    pub(super) talk: Talk,
    pub(super) counts: Counts,
    /// Who asks.
    pub(super) ours: Probe,
    /// Whose things are asked for.
    pub(super) theirs: Probe,
    /// Domain whose subdomains are tenants.
    pub(super) base: Option<String>,
}

/// Two requests whose answers have to be alike: for what is somebody else's, and for what is nobody's.
struct Pair<'a> {
    check: &'static str,
    who: &'a Identity,
    foreign: (Asked, &'a str),
    absent: (Asked, String),
    /// What the answers must be, where being alike is not enough.
    must: Option<(u16, &'static str)>,
}

impl Asking {
    /// Everything. Where mail goes out, nobody is mailed.
    pub(super) async fn all(&mut self, mails: bool) -> Result<()> {
        let operations = operations::all();
        let before = self.theirs_seen(&operations).await?;
        self.controls(&before);
        // So that whatever remembers answers has some of the second workspace, too.
        View::of(&self.talk, &operations, &[&self.ours.second], &self.ours.ids_of_second).await?;
        for who in self.ours.first.clone().into_iter().chain([self.ours.second.clone()]) {
            for operation in &operations {
                self.by_name(&who, operation).await?;
                self.by_id(&who, operation, false).await?;
                self.by_query(&who, operation).await?;
            }
        }
        for who in self.ours.first.clone() {
            for operation in &operations {
                self.by_id(&who, operation, true).await?;
                if !(mails && MAILS.contains(&operation.id.as_str())) {
                    self.plainly(&who, operation).await?;
                }
            }
        }
        let after = self.theirs_seen(&operations).await?;
        for change in before.changes(&after).collect::<Vec<_>>() {
            self.counts.count(ROWS, change);
        }
        Ok(())
    }

    async fn theirs_seen(&self, operations: &[Operation]) -> Result<View> {
        let identities: Vec<_> = self.theirs.first.iter().collect();
        View::of(&self.talk, operations, &identities, &self.theirs.ids).await
    }

    /// Without these a refusal would show nothing: it is all there, for whoever it belongs to.
    fn controls(&mut self, view: &View) {
        for kind in
            ["agents", "api-keys", "workspaces", "members", "sessions", "access-grants", "invitations"]
        {
            let Some(ids) = self.theirs.ids.get(kind) else { continue };
            for id in ids {
                let fault =
                    (!view.shows(id)).then(|| format!("{id} of {kind} is not shown to its own tenant"));
                self.counts.count(CONTROLS, fault);
            }
        }
    }

    /// A header or a host names the other tenant.
    async fn by_name(&mut self, who: &Identity, operation: &Operation) -> Result<()> {
        let theirs = self.theirs.tenant.slug.to_string();
        let nobody = absent(&theirs);
        let mut ways: Vec<(&'static str, String)> = vec![("x-tenant-slug", String::new())];
        ways.extend(self.base.as_ref().map(|base| ("host", format!(".{base}"))));
        for (header, rest) in ways {
            let asked = |slug: &str| {
                // An id that nobody has: nothing is to be found, whatever the name leads to.
                let id = operation.kind().map_or(String::new(), |kind| absent(any(&self.ours, kind)));
                operation.asked(&id, &nobody).header(header, format!("{slug}{rest}"))
            };
            let pair = Pair {
                check: TENANT,
                who,
                foreign: (asked(&theirs), &theirs),
                absent: (asked(&nobody), nobody.clone()),
                must: (!operation.open).then_some((403, "tenant_inactive")),
            };
            self.alike(pair).await?;
        }
        Ok(())
    }

    /// The path names what is the other tenant's, or the other workspace's.
    async fn by_id(&mut self, who: &Identity, operation: &Operation, second: bool) -> Result<()> {
        let Some(kind) = operation.kind() else { return Ok(()) };
        let (check, ids) = if second {
            (WORKSPACE, of_the_workspace(&self.ours.ids_of_second, kind))
        } else {
            (
                IDS,
                self.theirs
                    .ids
                    .get(kind)
                    .into_iter()
                    .chain(self.theirs.ids_of_second.get(kind))
                    .flatten()
                    .cloned()
                    .collect(),
            )
        };
        if ids.is_empty() && !second && kind != "invitations" {
            self.counts.count(check, Some(format!("{}: the proof knows no id of {kind}", operation.id)));
        }
        for id in ids {
            let nobody = absent(&id);
            let pair = Pair {
                check,
                who,
                foreign: (operation.asked(&id, &id), &id),
                absent: (operation.asked(&nobody, &nobody), nobody.clone()),
                must: None,
            };
            self.alike(pair).await?;
        }
        Ok(())
    }

    /// A filter, a search or a cursor names what is the other tenant's.
    async fn by_query(&mut self, who: &Identity, operation: &Operation) -> Result<()> {
        if operation.method != Method::GET || operation.open || operation.kind().is_some() {
            return Ok(());
        }
        for parameter in operation.query.iter().filter(|name| NAMING.contains(&name.as_str())) {
            let theirs = match parameter.as_str() {
                "actor" => self.theirs.id("users").to_owned(),
                "target" | "cursor" => any(&self.theirs, operation.lists().unwrap_or("agents")).to_owned(),
                "email" => self.theirs.email.clone(),
                _ => self.theirs.tenant.slug.to_string(),
            };
            let nobody = absent(&theirs);
            let asked = |value: &str| {
                let mut asked = operation.asked("", "");
                asked.path = format!("{}?{parameter}={value}", asked.path);
                asked
            };
            // A cursor is a place in an order, and theirs is another place than nobody's: only what is told there counts.
            if parameter == "cursor" {
                self.told(who, &asked(&theirs)).await?;
                continue;
            }
            let pair = Pair {
                check: IDS,
                who,
                foreign: (asked(&theirs), &theirs),
                absent: (asked(&nobody), nobody.clone()),
                must: None,
            };
            self.alike(pair).await?;
        }
        Ok(())
    }

    /// Nothing foreign is named, or in the body alone: no answer tells of the other tenant.
    async fn plainly(&mut self, who: &Identity, operation: &Operation) -> Result<()> {
        if operation.kind().is_some() {
            return Ok(());
        }
        let theirs = self.theirs.tenant.slug.to_string();
        let nobody = absent(&theirs);
        if !operation.names_a_tenant() {
            return self.told(who, &operation.asked("", &nobody)).await.map(drop);
        }
        let pair = Pair {
            check: IDS,
            who,
            foreign: (operation.asked("", &theirs), &theirs),
            absent: (operation.asked("", &nobody), nobody.clone()),
            must: None,
        };
        self.alike(pair).await
    }

    async fn alike(&mut self, pair: Pair<'_>) -> Result<()> {
        let mut fault = self.differs(&pair).await?;
        for _ in 0..AGAIN {
            if fault.is_none() {
                break;
            }
            fault = self.differs(&pair).await?;
        }
        self.counts.count(pair.check, fault);
        Ok(())
    }

    async fn differs(&mut self, pair: &Pair<'_>) -> Result<Option<String>> {
        let Pair { who, foreign, absent, must, .. } = pair;
        let theirs = self.told(who, &foreign.0).await?;
        let nobodys = self.told(who, &absent.0).await?;
        let told = format!("{}: {}: {}", who.name, foreign.0, theirs.status);
        if let Some((status, code)) = must
            && (theirs.status != *status || !theirs.holds(code))
        {
            return Ok(Some(format!("{told} instead of {status} {code}")));
        }
        let (theirs, nobodys) = (theirs.without(foreign.1), nobodys.without(&absent.1));
        Ok((theirs != nobodys).then(|| {
            format!("{}: {}: {}, as what does not exist", who.name, foreign.0, theirs.against(&nobodys))
        }))
    }

    async fn told(&mut self, who: &Identity, asked: &Asked) -> Result<Answer> {
        let answer = self.talk.ask(Some(&who.token), asked).await?;
        self.counts.look(who.name, asked, &answer);
        Ok(answer)
    }
}

/// Of the same form, and nobody's: the last character is another.
fn absent(id: &str) -> String {
    let mut text = id.to_owned();
    let last = text.pop();
    text.extend(last.map(|last| if last == '7' { '5' } else { '7' }));
    text
}

/// An id of this kind, or at least one of the same form.
fn any<'a>(probe: &'a Probe, kind: &str) -> &'a str {
    if probe.ids.contains_key(kind) { probe.id(kind) } else { probe.id("agents") }
}

/// Of the kinds that belong to a workspace; others are the tenant's, whose owner sees all of them.
fn of_the_workspace(ids: &Ids, kind: &str) -> Vec<String> {
    ids.get(kind).filter(|_| kind != "sessions").cloned().unwrap_or_default()
}
