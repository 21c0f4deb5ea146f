//! The links of one chain, looked at one by one: what of it was not sealed so.
//!
//! Owns: nothing. Calls: chain. Called by: verify.
//! Invariants: a chain as it was sealed has no findings, and each kind of tampering has its own (the tests below). After a crash: nothing is left.
//!
//! Events come in order of their numbers; two may have one number where somebody put one there. An event is judged when the one behind it is
//! known: its hash must be the one that the next names, or the head.

use crate::audit::chain::{BEGINNING, Sealed};
use tenantry_types::{
    EventId,
    audit::{AuditProblem, AuditProblemKind as Kind},
};

/// How far from its place an event is recognised.
const NEAR: i64 = 100;

#[derive(Default)]
pub(super) struct Links {
    /// The events with the number before those in `open`, not judged yet.
    waiting: Vec<Sealed>,
    /// The events with the highest number so far.
    open: Vec<Sealed>,
    /// The number and the hash of the last event that was judged.
    last: Option<(i64, Vec<u8>)>,
    events: i64,
    problems: Vec<AuditProblem>,
}

pub(super) fn problem(seq: i64, row: Option<&Sealed>, kind: Kind, detail: impl Into<String>) -> AuditProblem {
    AuditProblem { seq, id: row.map(|row| EventId(row.event.id)), kind, detail: detail.into() }
}

impl Links {
    /// The next row of the chain.
    pub(super) fn push(&mut self, row: Sealed) {
        self.events += 1;
        if self.open.first().is_some_and(|open| open.place.seq != row.place.seq) {
            let open = std::mem::take(&mut self.open);
            let waiting = std::mem::replace(&mut self.waiting, open);
            let next = std::mem::take(&mut self.waiting);
            let named = links(&waiting, &next);
            self.judge(&waiting, &named);
            self.waiting = next;
        }
        self.open.push(row);
    }

    /// The end of the chain as its head says, if there is one: how many rows there were, and what is wrong.
    pub(super) fn end(mut self, head: Option<(i64, &[u8])>) -> (i64, Vec<AuditProblem>) {
        let (waiting, open) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.open));
        let named = links(&waiting, &open);
        self.judge(&waiting, &named);
        let of_head = head.filter(|(seq, _)| open.first().is_some_and(|open| open.place.seq == *seq));
        self.judge(&open, &of_head.map(|(_, hash)| vec![hash.to_vec()]).unwrap_or_default());
        let reached = self.last.as_ref().map_or(0, |(seq, _)| *seq);
        if let Some((seq, _)) = head
            && reached < seq
        {
            let gone = span(reached + 1, seq);
            let why = format!("{gone} gone: the head says that the chain ends with {seq}");
            self.problems.push(problem(reached + 1, None, Kind::Truncated, why));
        }
        (self.events, self.problems)
    }

    /// Judges the rows of one number. `named` are the hashes by which whatever follows may name the true one.
    fn judge(&mut self, rows: &[Sealed], named: &[Vec<u8>]) {
        let Some(seq) = rows.first().map(|row| row.place.seq) else { return };
        let (before, prev) = match self.last.take() {
            Some((seq, hash)) => (seq, hash),
            None => (0, BEGINNING.to_vec()),
        };
        let gap = seq > before + 1;
        if gap {
            let why = format!("{} gone", span(before + 1, seq - 1));
            self.problems.push(problem(before + 1, None, Kind::Removed, why));
        }
        let follows = |row: &Sealed| !gap && row.prev_hash == prev;
        let is_named = |row: &Sealed| named.contains(&row.hash);
        let rank =
            |row: &Sealed| (row.is_whole() && is_named(row), row.is_whole() && follows(row), row.is_whole());
        let mut true_one = 0;
        for (place, row) in rows.iter().enumerate() {
            if rank(row) > rank(&rows[true_one]) {
                true_one = place;
            }
        }
        for (place, row) in rows.iter().enumerate() {
            if place != true_one {
                let why = format!(
                    "another event has the number {seq}, and what follows was sealed behind that one"
                );
                self.problems.push(problem(seq, Some(row), Kind::Inserted, why));
            }
        }
        let row = &rows[true_one];
        if let Some((kind, why)) = finding(row, named, seq == 1 && row.prev_hash != BEGINNING) {
            self.problems.push(problem(seq, Some(row), kind, why));
        }
        self.last = Some((seq, row.hash.clone()));
    }
}

fn finding(row: &Sealed, named: &[Vec<u8>], begins_wrongly: bool) -> Option<(Kind, String)> {
    if row.is_whole() {
        // Written anew together with its own hash: only its neighbours know better.
        let why = "its hash fits what it says, and is not the one that was sealed: it was rewritten, alone or with events before it";
        let alien = begins_wrongly || !named.is_empty() && !named.contains(&row.hash);
        return alien.then(|| (Kind::Changed, why.to_owned()));
    }
    let seq = row.place.seq;
    let near = (1..=NEAR).flat_map(|away| [seq.checked_sub(away), seq.checked_add(away)]).flatten();
    match near.into_iter().find(|other| row.was_sealed_as(*other)) {
        Some(other) => Some((Kind::Reordered, format!("it was sealed as {other}"))),
        None => Some((Kind::Changed, "its hash is not the one of what it says".to_owned())),
    }
}

/// The hashes by which rows name the ones right before them. A row that was changed may name anything, so it has no say.
fn links(rows: &[Sealed], next: &[Sealed]) -> Vec<Vec<u8>> {
    let seq = rows.first().map(|row| row.place.seq + 1);
    let next = next.iter().filter(|row| Some(row.place.seq) == seq && row.is_whole());
    next.map(|row| row.prev_hash.clone()).collect()
}

fn span(first: i64, last: i64) -> String {
    if first == last { format!("event {first} is") } else { format!("events {first} to {last} are") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::{
        Place, digest,
        tests::{event, place},
    };
    use proptest::prelude::*;

    fn chain(length: i64) -> Vec<Sealed> {
        let mut prev_hash = BEGINNING.to_vec();
        (1..=length)
            .map(|seq| {
                let (event, place) = (event(u128::try_from(seq).unwrap()), place(seq));
                let hash = digest(&event, &place, &prev_hash).to_vec();
                let prev_hash = std::mem::replace(&mut prev_hash, hash.clone());
                Sealed { event, place, prev_hash, hash }
            })
            .collect()
    }

    fn rehash(row: &mut Sealed) {
        row.hash = digest(&row.event, &row.place, &row.prev_hash).to_vec();
    }

    /// What is found in `rows`, whose head is that of `sealed`.
    fn found(sealed: &[Sealed], mut rows: Vec<Sealed>) -> Vec<(i64, u128, &'static str)> {
        rows.sort_by_key(|row| row.place.seq);
        let mut links = Links::default();
        for row in rows {
            links.push(row);
        }
        let head = sealed.last().map(|last| (last.place.seq, last.hash.clone()));
        let (_, problems) = links.end(head.as_ref().map(|(seq, hash)| (*seq, hash.as_slice())));
        problems
            .into_iter()
            .map(|problem| (problem.seq, problem.id.map_or(0, |id| id.0.as_u128()), problem.kind.as_str()))
            .collect()
    }

    #[test]
    fn a_chain_as_it_was_sealed_has_no_findings() {
        for length in 0..5 {
            let sealed = chain(length);
            assert_eq!(found(&sealed, sealed.clone()), []);
        }
    }

    #[test]
    fn a_changed_event_is_named() {
        let sealed = chain(4);
        for at in 0..4 {
            let mut rows = sealed.clone();
            "nobody".clone_into(&mut rows[at].event.actor);
            let id = u128::try_from(at + 1).unwrap();
            let expected = [(i64::try_from(at + 1).unwrap(), id, "changed")];
            assert_eq!(found(&sealed, rows.clone()), expected);
            // And with a hash of its own.
            rehash(&mut rows[at]);
            assert_eq!(found(&sealed, rows), expected);
        }
    }

    #[test]
    fn removed_events_are_named() {
        let sealed = chain(6);
        let without = |gone: &[usize]| {
            let kept = sealed.iter().enumerate().filter(|(at, _)| !gone.contains(at));
            kept.map(|(_, row)| row.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(&sealed, without(&[0])), [(1, 0, "removed")]);
        assert_eq!(found(&sealed, without(&[2, 3])), [(3, 0, "removed")]);
        assert_eq!(found(&sealed, without(&[5])), [(6, 0, "truncated")]);
        assert_eq!(found(&sealed, without(&[1, 4, 5])), [(2, 0, "removed"), (5, 0, "truncated")]);
        assert_eq!(found(&sealed, Vec::new()), [(1, 0, "truncated")]);
    }

    #[test]
    fn an_inserted_event_is_named() {
        let sealed = chain(4);
        for at in 0..4 {
            for first in [true, false] {
                for rehashed in [true, false] {
                    let mut rows = sealed.clone();
                    let mut forged = rows[at].clone();
                    forged.event.id = uuid::Uuid::from_u128(99);
                    if rehashed {
                        rehash(&mut forged);
                    }
                    rows.insert(if first { at } else { at + 1 }, forged);
                    assert_eq!(found(&sealed, rows), [(i64::try_from(at + 1).unwrap(), 99, "inserted")]);
                }
            }
        }
    }

    #[test]
    fn exchanged_events_are_named() {
        let sealed = chain(5);
        let mut rows = sealed.clone();
        rows[1].place.seq = 4;
        rows[3].place.seq = 2;
        assert_eq!(found(&sealed, rows), [(2, 4, "reordered"), (4, 2, "reordered")]);
    }

    #[test]
    fn a_chain_that_was_rewritten_is_found_by_its_head() {
        let sealed = chain(4);
        let mut rows = sealed.clone();
        "nobody".clone_into(&mut rows[1].event.actor);
        for at in 1..4 {
            rows[at].prev_hash = rows[at - 1].hash.clone();
            rehash(&mut rows[at]);
        }
        assert_eq!(found(&sealed, rows), [(4, 4, "changed")]);
    }

    proptest! {
        #[test]
        fn no_single_tampering_goes_unseen(length in 1_i64..8, at in any::<prop::sample::Index>(), how in 0_u8..6) {
            let sealed = chain(length);
            let mut rows = sealed.clone();
            let at = at.index(rows.len());
            match how {
                0 => rows[at].event.after = None,
                1 => rows[at].place = Place { position: 9_999, ..rows[at].place.clone() },
                2 => { rows.remove(at); }
                3 => rows[at].prev_hash[0] ^= 1,
                4 => rows[at].hash[31] ^= 1,
                _ => rows[at].place.seq += 1,
            }
            prop_assert_ne!(found(&sealed, rows), []);
        }
    }
}
