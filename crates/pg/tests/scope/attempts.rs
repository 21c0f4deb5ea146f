//! Attempts of the isolation proof: each stands alone, and none is committed.

use crate::world::{World, must, single};
use tenantry_pg::{Outcome, sql::quote_ident};

fn refused(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Refused { sql_state, .. } => Some(sql_state),
        Outcome::Done(_) => None,
    }
}

#[tokio::test]
async fn each_attempt_stands_alone() {
    let world = World::new(2).await;
    let scopes = world.scopes(single());
    let (one, two) = (&world.homes[0], &world.homes[1]);
    must(scopes.add(one, "mine").await);
    let (own, foreign) = (quote_ident(&one.schema), quote_ident(&two.schema));
    // More than are on the wire at once, and each kind behind each other kind.
    let kinds = [
        format!("SELECT 1 FROM {foreign}.agents LIMIT 1"),
        format!("SELECT 1 FROM {own}.agents"),
        "SELECT 1 / 0".to_owned(),
        format!("DELETE FROM {own}.agents"),
        format!("COPY (SELECT 1 FROM {foreign}.agents) TO STDOUT"),
        format!("TRUNCATE {own}.agents"),
        "no statement at all".to_owned(),
    ];
    let statements: Vec<String> = kinds.iter().cycle().take(7 * 11).cloned().collect();
    let outcomes = must(scopes.attempt(one, statements).await);
    for round in outcomes.chunks(7) {
        let states: Vec<Option<&str>> = round.iter().map(refused).collect();
        assert_eq!(
            states,
            [Some("42501"), None, Some("22012"), None, Some("42501"), Some("42501"), Some("42601")]
        );
        // The row is there again, though the round before deleted it.
        assert_eq!((&round[1], &round[3]), (&Outcome::Done(1), &Outcome::Done(1)));
    }
    assert!(scopes.heard.failures().is_empty(), "an attempt is no alarm");
}

#[tokio::test]
async fn what_was_attempted_is_never_committed() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    must(scopes.add(home, "kept").await);
    let own = quote_ident(&home.schema);
    let insert = format!(
        "INSERT INTO {own}.agents (workspace_id, name, role) VALUES ('{}', 'new', 'r')",
        home.workspace.0
    );
    for last in [insert.clone(), format!("DELETE FROM {own}.agents"), format!("COPY {own}.agents TO STDOUT")]
    {
        let outcomes = must(scopes.attempt(home, vec![insert.clone(), last]).await);
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done(1)), "{outcomes:?}");
        assert_eq!(scopes.list(home).await, ["kept"]);
    }
    assert_eq!(scopes.status().in_use, 0);
}
