use crate::world::{Scopes, World, must, other_workspace, single, within};
use futures_util::FutureExt;
use std::time::Duration;
use tenantry_pg::{
    ControlTx, Error, ErrorKind, ScopeMinter, ScopeNames, WideNames, WideTx, sql::quote_ident,
};

const PATIENCE: Duration = Duration::from_secs(30);

async fn wide(scopes: &Scopes, home: &ScopeNames) -> WideTx {
    let names = WideNames {
        tenant: home.tenant,
        schema: home.schema.clone(),
        role: home.role.clone(),
        wide_role: format!("{}_wide", home.role).into(),
        cell: home.cell,
    };
    must(scopes.pools.read_all(&ScopeMinter::new(), &names, "wide", PATIENCE).await)
}

fn agents(home: &ScopeNames) -> String {
    format!("COPY (SELECT name FROM {}.agents ORDER BY name) TO STDOUT", quote_ident(&home.schema))
}

/// More than every buffer between PostgreSQL and us holds.
fn endless() -> String {
    "COPY (SELECT repeat('x', 100000) FROM generate_series(1, 1000000)) TO STDOUT".to_owned()
}

async fn all(tx: &WideTx, sql: &str) -> String {
    let (mut out, mut rows) = (must(tx.copy_out(sql).await), Vec::new());
    while must(out.next_into(&mut rows).await) {}
    String::from_utf8_lossy(&rows).into_owned()
}

#[tokio::test]
async fn the_wide_role_reads_all_workspaces_and_writes_nothing() {
    let world = World::new(2).await;
    let scopes = world.scopes(single());
    let (home, other) = (&world.homes[0], &world.homes[1]);
    must(scopes.add(home, "one").await);
    must(scopes.add(&other_workspace(home), "two\tx").await);
    must(scopes.add(other, "foreign").await);
    let tx = wide(&scopes, home).await;
    assert_eq!(all(&tx, &agents(home)).await, "one\ntwo\\tx\n");
    must(tx.finish().await);
    assert_eq!(scopes.list(home).await, ["one"], "the connection is anybody's again");
    let tx = wide(&scopes, home).await;
    assert_eq!(tx.copy_out(&agents(other)).await.err().map(|error| error.kind()), Some(ErrorKind::Denied));
    must(tx.finish().await);
    let tx = wide(&scopes, home).await;
    let write = format!("COPY {}.agents (name) TO STDOUT", quote_ident(&home.schema));
    assert_eq!(all(&tx, &write).await.lines().count(), 2);
    let error = tx.hold(&format!("LOCK TABLE {}.agents", quote_ident(&home.schema))).await.err();
    assert!(matches!(error.as_ref().and_then(Error::sql_state), Some("25006" | "42501")), "{error:?}");
}

#[tokio::test]
async fn a_wide_transaction_sees_one_picture() {
    let world = World::new(1).await;
    let scopes = world.scopes(tenantry_pg::PoolSettings { size: 2, ..single() });
    let home = &world.homes[0];
    must(scopes.add(home, "before").await);
    let tx = wide(&scopes, home).await;
    assert_eq!(all(&tx, &agents(home)).await, "before\n");
    must(scopes.add(home, "after").await);
    assert_eq!(all(&tx, &agents(home)).await, "before\n");
    must(tx.finish().await);
}

#[tokio::test]
async fn a_copy_left_half_way_poisons_nothing() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    for _ in 0..3 {
        let tx = wide(&scopes, home).await;
        let pid: i32 = must(must(tx.query(crate::world::PID, &[]).await)[0].get("pid"));
        let (mut out, mut rows) = (must(tx.copy_out(&endless()).await), Vec::new());
        assert!(must(out.next_into(&mut rows).await));
        drop(out);
        drop(tx);
        world.until_count(&format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}"), 0).await;
        assert!(scopes.list(home).await.is_empty());
    }
    // Dropped before its end, nothing of it goes on either.
    drop(wide(&scopes, home).await);
    assert!(scopes.list(home).await.is_empty());
}

#[tokio::test]
async fn a_copy_that_nobody_reads_waits() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let tx = wide(&scopes, &world.homes[0]).await;
    let pid: i32 = must(must(tx.query(crate::world::PID, &[]).await)[0].get("pid"));
    let mut out = must(tx.copy_out(&endless()).await);
    let mut row = Vec::new();
    assert!(must(out.next_into(&mut row).await));
    let stuck = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'ClientWrite'"
    );
    within("a backend that waits for its reader", world.until_count(&stuck, 1)).await;
    // And goes on when it is read again.
    for _ in 0..100 {
        row.clear();
        assert!(must(out.next_into(&mut row).await));
        assert_eq!(row.len(), 100_001);
    }
}

#[tokio::test]
async fn a_killed_copy_is_an_error() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let home = &world.homes[0];
    let tx = wide(&scopes, home).await;
    let pid: i32 = must(must(tx.query(crate::world::PID, &[]).await)[0].get("pid"));
    let mut out = must(tx.copy_out(&endless()).await);
    let mut row = Vec::new();
    assert!(must(out.next_into(&mut row).await));
    must(world.admin.execute(&format!("SELECT pg_terminate_backend({pid})")).await);
    let ended = async {
        loop {
            row.clear();
            match out.next_into(&mut row).await {
                Ok(more) => assert!(more, "an end that looks like one"),
                Err(error) => return error,
            }
        }
    };
    assert_eq!(within("its end", ended).await.kind(), ErrorKind::Unavailable);
    drop(out);
    drop(tx);
    assert!(scopes.list(home).await.is_empty());
}

async fn take(tx: &ControlTx, pieces: &[&str]) -> Result<u64, Error> {
    let mut copy = tx.copy_in("COPY taken (a, b) FROM STDIN").await?;
    for piece in pieces {
        copy.send(piece.as_bytes().to_vec()).await?;
    }
    copy.finish().await
}

#[tokio::test]
async fn rows_are_taken_in_pieces_cut_anywhere() {
    let world = World::new(1).await;
    must(
        world
            .admin
            .execute("CREATE TABLE taken (a int, b text); ALTER TABLE taken OWNER TO tenantry_test_owner")
            .await,
    );
    let owner = &world.database.placement.owner;
    let long = "y".repeat(200_000);
    let taken = owner.run("take", long, |tx, long| {
        Box::pin(async move {
            let first = take(tx, &["1\tä", "\\tb\n2\t", long, "\n", "3\t\\N\n"]).await?;
            Ok::<_, Error>(first + take(tx, &[]).await?)
        })
    });
    assert_eq!(must(taken.await), 3);
    assert_eq!(world.count("SELECT sum(length(b))::text FROM taken").await, 200_003);
}

#[tokio::test]
async fn rows_that_do_not_fit_or_never_end_leave_nothing() {
    let world = World::new(1).await;
    must(
        world
            .admin
            .execute("CREATE TABLE taken (a int, b text); ALTER TABLE taken OWNER TO tenantry_test_owner")
            .await,
    );
    let owner = &world.database.placement.owner;
    let wrong = owner.run("take", (), |tx, ()| {
        Box::pin(async move {
            let wrong = take(tx, &["1\tx\n", "one\tx\n"]).await;
            assert_eq!(wrong.as_ref().err().and_then(Error::sql_state), Some("22P02"), "{wrong:?}");
            Ok::<_, Error>(())
        })
    });
    assert!(matches!(wrong.await, Err(Error::Aborted("take"))), "an ignored error does not commit");
    let abandoned = owner.run("take", (), |tx, ()| {
        Box::pin(async move {
            let mut copy = tx.copy_in("COPY taken (a, b) FROM STDIN").await?;
            copy.send(b"1\tx\n".to_vec()).await?;
            drop(copy);
            Ok::<_, Error>(())
        })
    });
    assert!(matches!(abandoned.await, Err(Error::Aborted("take"))));
    let unanswered = owner.run("take", (), |tx, ()| {
        Box::pin(async move {
            Ok::<_, Error>(tx.copy_in("COPY taken (a, b) FROM STDIN").now_or_never().is_none())
        })
    });
    assert!(matches!(unanswered.await, Err(Error::Aborted("take"))));
    assert_eq!(world.count("SELECT count(*)::text FROM taken").await, 0);
    assert!(
        must::<_, Error>(owner.run("look", (), |tx, ()| Box::pin(tx.query("SELECT 1", &[]))).await).len()
            == 1
    );
    let scopes = world.scopes(single());
    assert!(scopes.list(&world.homes[0]).await.is_empty());
}
