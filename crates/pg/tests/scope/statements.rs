use crate::world::{LIST, Scopes, World, must, other_workspace, single};
use tenantry_pg::{ErrorKind, PoolSettings, ScopeNames, sql::quote_ident};

const MARKED: [&str; 6] = [
    "/*m0*/ SELECT 0",
    "/*m1*/ SELECT 1",
    "/*m2*/ SELECT 2",
    "/*m3*/ SELECT 3",
    "/*m4*/ SELECT 4",
    "/*m5*/ SELECT 5",
];

async fn marked(scopes: &Scopes, home: &ScopeNames) -> usize {
    must(scopes.rows(home, "SELECT FROM pg_catalog.pg_prepared_statements WHERE statement LIKE '/*m%'").await)
}

#[tokio::test]
async fn the_first_use_goes_unnamed_and_the_second_prepares() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    for prepared in [0, 1, 1, 1] {
        must(scopes.last(home, MARKED[0]).await);
        assert_eq!(marked(&scopes, home).await, prepared);
        assert_eq!(scopes.status().statements, prepared);
    }
}

#[tokio::test]
async fn the_oldest_statement_makes_room() {
    let world = World::new(1).await;
    let scopes = world.scopes(PoolSettings { named_statements: 3, ..single() });
    let home = &world.homes[0];
    for (index, sql) in MARKED.into_iter().enumerate() {
        for _ in 0..3 {
            must(scopes.last(home, sql).await);
        }
        assert_eq!(marked(&scopes, home).await, 3.min(index + 1));
    }
    let newest = "SELECT FROM pg_catalog.pg_prepared_statements WHERE statement ~ '^/[*]m[345]'";
    assert_eq!(must(scopes.rows(home, newest).await), 3);
    assert_eq!(scopes.status().statements, 3);
}

#[tokio::test]
async fn behind_a_pooler_nothing_is_prepared() {
    let world = World::new(1).await;
    let scopes = world.scopes(PoolSettings { named_statements: 0, ..single() });
    let home = &world.homes[0];
    for _ in 0..3 {
        must(scopes.last(home, MARKED[0]).await);
    }
    assert_eq!(must(scopes.rows(home, "SELECT FROM pg_catalog.pg_prepared_statements").await), 0);
}

#[tokio::test]
async fn a_statement_belongs_to_its_scope() {
    let world = World::new(2).await;
    let scopes = world.scopes(single());
    let (one, two) = (&world.homes[0], &world.homes[1]);
    let aside = other_workspace(one);
    for (names, name) in [(one, "one"), (two, "two"), (&aside, "aside")] {
        must(scopes.add(names, name).await);
    }
    for _ in 0..3 {
        assert_eq!(scopes.list(one).await, ["one"]);
        assert_eq!(
            scopes.list(&aside).await,
            ["aside"],
            "another workspace may share the plan, not the rows"
        );
        assert_eq!(scopes.list(two).await, ["two"]);
    }
    let listing =
        "SELECT FROM pg_catalog.pg_prepared_statements WHERE statement LIKE 'SELECT name FROM \"tenant\\_%'";
    assert_eq!(must(scopes.rows(one, listing).await), 2, "one for each role");
}

#[tokio::test]
async fn a_stale_plan_is_made_again() {
    const ALL: &str = "SELECT * FROM tenant.agents";
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    must(scopes.add(home, "one").await);
    for _ in 0..3 {
        must(scopes.last(home, ALL).await);
    }
    let alter =
        format!("ALTER TABLE {}.agents ADD COLUMN extra text DEFAULT 'new'", quote_ident(&home.schema));
    must(world.admin.execute(&alter).await);
    let rows = must(scopes.last(home, ALL).await);
    assert_eq!(must(rows[0].get::<String>("extra")), "new");
    assert_eq!(scopes.heard.kinds(), [ErrorKind::StalePlan]);
    assert_eq!(scopes.list(home).await, ["one"]);
}

#[tokio::test]
async fn a_stale_plan_in_the_middle_runs_the_whole_again() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let both = || {
        scopes.run(home, home.workspace.0, |tx, workspace| {
            Box::pin(async move {
                tx.query("DELETE FROM tenant.agents", &[]).await?;
                tx.query(crate::world::ADD, &[workspace, &"again"]).await?;
                tx.query("SELECT * FROM tenant.agents", &[]).await
            })
        })
    };
    for _ in 0..3 {
        must(both().await);
    }
    let alter = format!("ALTER TABLE {}.agents ADD COLUMN extra text", quote_ident(&home.schema));
    must(world.admin.execute(&alter).await);
    assert_eq!(must(both().await).len(), 1);
    assert_eq!(must(scopes.last(home, LIST).await).len(), 1);
}
