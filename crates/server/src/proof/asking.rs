//! What one tenant of the proof asks for, and what must come of it.
//!
//! Owns: nothing. Calls: the API. Called by: proof.
//! Invariants: two answers that have to be alike are asked for again before they count as different, since a worker may have sealed or swept in between, but not where
//! the first may have done something, since it is done by then (`each_break_between_workspaces_is_named`); the other tenant and the other workspace have looked at their
//! own before it is asked for, so that whatever remembers answers has something to give away (`each_break_of_the_api_is_named`), and look again at the end, also where the
//! asking was cut short (`what_was_found_is_told_where_the_rest_could_not_be_asked`); a kind of id that the proof does not know is open, so that a new one is taught
//! (`a_whole_api_is_proved`). After a crash: nothing is left.

use super::{
    counts::{CONTROLS, Counts, IDS, ROWS, TENANT, WORKSPACE},
    making::{Identity, Ids, Probe},
    operations::{self, MAILS, NAMING, OF_NO_WORKSPACE, Operation},
    talking::{Answer, Asked, Talk},
    view::View,
};
use axum::http::Method;
use tenantry_core::{Result, isolation::Progress};

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

/// What is seen of what is asked for, by whom it belongs to.
struct Seen {
    theirs: View,
    /// Of our own second workspace, what it has for itself.
    second: View,
}

impl Asking {
    /// Everything. Where mail goes out, nobody is mailed. What keeps it from being asked is counted: what was found until then must not be lost by it, and may be what
    /// keeps it, as an answer that never ends.
    pub(super) async fn all(&mut self, mails: bool, progress: &Progress) {
        if let Err(error) = self.looked_at(mails, progress).await {
            self.counts.count(CONTROLS, Some(format!("the rest was not asked: {error}")));
        }
    }

    async fn looked_at(&mut self, mails: bool, progress: &Progress) -> Result<()> {
        let operations = operations::all();
        let before = self.seen(&operations).await?;
        self.controls(&before);
        let asked = self.each(&operations, mails, progress).await;
        let after = self.seen(&operations).await?;
        let changes = before.theirs.changes(&after.theirs).chain(before.second.changes(&after.second));
        for change in changes {
            self.counts.count(ROWS, change);
        }
        asked
    }

    async fn each(&mut self, operations: &[Operation], mails: bool, progress: &Progress) -> Result<()> {
        let first = self.ours.first.clone();
        // Each operation is asked by several, twice by some: it is done as far as they are.
        let (rounds, mut asked) = (2 * first.len() + 1, 0);
        for who in first.iter().chain([&self.ours.second.clone()]) {
            for operation in operations {
                self.by_name(who, operation).await?;
                self.by_id(who, operation, false).await?;
                self.by_query(who, operation).await?;
                asked += 1;
                progress.at(asked / rounds, self.counts.checks()).await;
            }
        }
        for who in &first {
            for operation in operations {
                self.by_id(who, operation, true).await?;
                self.plainly(who, operation, mails).await?;
                asked += 1;
                progress.at(asked / rounds, self.counts.checks()).await;
            }
        }
        Ok(())
    }

    async fn seen(&self, operations: &[Operation]) -> Result<Seen> {
        let identities: Vec<_> = self.theirs.first.iter().collect();
        let theirs = View::of(&self.talk, operations, &identities, &self.theirs.ids).await?;
        let ids = &self.ours.ids_of_second;
        let has = |operation: &&Operation| {
            operation.kind().or(operation.lists()).is_some_and(|kind| ids.contains_key(kind))
        };
        let operations: Vec<_> = operations.iter().filter(has).cloned().collect();
        let second = View::of(&self.talk, &operations, &[&self.ours.second, &self.ours.guest], ids).await?;
        Ok(Seen { theirs, second })
    }

    /// Without these a refusal would show nothing: it is all there, for whoever it belongs to.
    fn controls(&mut self, seen: &Seen) {
        let kinds =
            ["agents", "api-keys", "workspaces", "members", "sessions", "access-grants", "invitations"];
        let theirs = kinds.into_iter().filter_map(|kind| Some((kind, self.theirs.ids.get(kind)?)));
        let faults = hidden(&seen.theirs, theirs, "tenant");
        let second = self.ours.ids_of_second.iter().map(|(kind, ids)| (*kind, ids));
        for fault in faults.into_iter().chain(hidden(&seen.second, second, "workspace")) {
            self.counts.count(CONTROLS, fault);
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
        let of = |ids: &Ids| ids.get(kind).cloned().unwrap_or_default();
        let (check, ids) = if second {
            if OF_NO_WORKSPACE.contains(&kind) {
                return Ok(());
            }
            (WORKSPACE, of(&self.ours.ids_of_second))
        } else {
            (IDS, [of(&self.theirs.ids), of(&self.theirs.ids_of_second)].concat())
        };
        if ids.is_empty() {
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

    /// Nothing foreign is named, or in the body alone: no answer tells of the other tenant, and no list of the other workspace.
    async fn plainly(&mut self, who: &Identity, operation: &Operation, mails: bool) -> Result<()> {
        if operation.kind().is_some() {
            return Ok(());
        }
        let theirs = self.theirs.tenant.slug.to_string();
        let nobody = absent(&theirs);
        if !operation.names_a_tenant() {
            let mut asked = operation.asked("", &nobody);
            if mails && MAILS.contains(&operation.id.as_str()) {
                asked = asked.to(&self.ours.email);
            }
            let answer = self.told(who, &asked).await?;
            for id in
                operation.lists().and_then(|kind| self.ours.ids_of_second.get(kind)).into_iter().flatten()
            {
                let fault =
                    answer.holds(id).then(|| format!("{}: {asked}: {} with {id}", who.name, answer.status));
                self.counts.count(WORKSPACE, fault);
            }
            return Ok(());
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
        let mut fault = None;
        for _ in 0..=AGAIN {
            let differs = self.differs(&pair).await?;
            let again = differs.as_ref().is_some_and(|(_, again)| *again);
            fault = differs.map(|(fault, _)| fault);
            if !again {
                break;
            }
        }
        self.counts.count(pair.check, fault);
        Ok(())
    }

    /// What is wrong with the two answers, and whether asking again may show that it was by chance.
    async fn differs(&mut self, pair: &Pair<'_>) -> Result<Option<(String, bool)>> {
        let Pair { who, foreign, absent, must, .. } = pair;
        let theirs = self.told(who, &foreign.0).await?;
        let nobodys = self.told(who, &absent.0).await?;
        let told = format!("{}: {}: {}", who.name, foreign.0, theirs.status);
        let again = by_chance(&foreign.0.method, [theirs.status, nobodys.status]);
        if let Some((status, code)) = must
            && (theirs.status != *status || !theirs.holds(code))
        {
            return Ok(Some((format!("{told} instead of {status} {code}"), again)));
        }
        let (theirs, nobodys) = (theirs.without(foreign.1), nobodys.without(&absent.1));
        Ok((theirs != nobodys).then(|| {
            let against = theirs.against(&nobodys);
            (format!("{}: {}: {against}, as what does not exist", who.name, foreign.0), again)
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

/// Whether two answers may differ by chance. A deed is done only once: asked again, it would be answered like what does not exist, since by then it does not. Whoever was
/// told to wait has done nothing.
fn by_chance(method: &Method, statuses: [u16; 2]) -> bool {
    let waits = statuses.contains(&429) && statuses.iter().all(|status| (400..500).contains(status));
    method.is_safe() || statuses[0] == statuses[1] || waits
}

/// Of each id, whether it is not shown to its own.
fn hidden<'a>(
    view: &View,
    of: impl Iterator<Item = (&'static str, &'a Vec<String>)>,
    whose: &str,
) -> Vec<Option<String>> {
    let each = of.flat_map(|(kind, ids)| ids.iter().map(move |id| (kind, id)));
    each.map(|(kind, id)| {
        (!view.shows(id)).then(|| format!("{id} of {kind} is not shown to its own {whose}"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_not_asked_for_again() {
        let again = |method: Method, theirs, nobodys| by_chance(&method, [theirs, nobodys]);
        assert!(again(Method::GET, 200, 404) && again(Method::DELETE, 404, 404));
        assert!(again(Method::POST, 401, 429) && again(Method::POST, 429, 401));
        for (theirs, nobodys) in [(204, 404), (409, 404), (500, 404), (204, 429), (404, 204)] {
            assert!(!again(Method::DELETE, theirs, nobodys), "{theirs} {nobodys}");
        }
    }
}
