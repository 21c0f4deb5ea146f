use crate::world::{ADD, LIST, World, must, other_workspace, single};
use tenantry_pg::{Error, ErrorKind, bootstrap::Superuser, sql::quote_ident};

#[tokio::test]
async fn a_scope_sees_its_own_rows_only() {
    let world = World::new(2).await;
    let scopes = world.scopes(single());
    let (one, two) = (&world.homes[0], &world.homes[1]);
    let aside = other_workspace(one);
    for (names, name) in [(one, "one"), (two, "two"), (&aside, "aside")] {
        must(scopes.add(names, name).await);
    }
    for round in 0..3 {
        assert_eq!(scopes.list(one).await, ["one"], "{round}");
        assert_eq!(scopes.list(two).await, ["two"], "{round}");
        assert_eq!(scopes.list(&aside).await, ["aside"], "{round}");
    }
    must(scopes.last(one, "UPDATE tenant.agents SET role = 'changed'").await);
    must(scopes.last(one, "DELETE FROM tenant.agents").await);
    assert_eq!(
        (scopes.list(two).await, scopes.list(&aside).await),
        (vec!["two".to_owned()], vec!["aside".to_owned()])
    );
    assert_eq!(must(scopes.last(&aside, "SELECT FROM tenant.agents WHERE role = 'changed'").await).len(), 0);
}

#[tokio::test]
async fn a_row_of_another_workspace_is_refused_and_reported() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let (home, aside) = (&world.homes[0], other_workspace(&world.homes[0]));
    let refused = scopes.run(home, aside.workspace.0, |tx, workspace| {
        Box::pin(async move { tx.last(ADD, &[workspace, &"x"]).await })
    });
    let error = refused.await.unwrap_err();
    assert_eq!((error.kind(), error.sql_state()), (ErrorKind::Denied, Some("42501")));
    assert_eq!(scopes.heard.failures(), [(Some(home.tenant), "test", ErrorKind::Denied)]);
    assert!(scopes.list(&aside).await.is_empty());
}

#[tokio::test]
async fn another_tenants_table_is_refused_by_name() {
    let world = World::new(2).await;
    let scopes = world.scopes(single());
    must(scopes.add(&world.homes[1], "theirs").await);
    let sql = format!("SELECT name FROM {}.agents", quote_ident(&world.homes[1].schema));
    let refused = scopes.run(&world.homes[0], sql, |tx, sql| Box::pin(tx.probe(sql))).await;
    assert_eq!(refused.unwrap_err().sql_state(), Some("42501"));
    assert_eq!(scopes.heard.kinds(), [ErrorKind::Denied]);
}

#[tokio::test]
async fn outside_a_scope_there_is_nothing() {
    let world = World::new(2).await;
    let login = world.database.installation.cell_login(world.homes[0].cell);
    let outside = must(Superuser::connect(&world.database.target, &login).await);
    let tables = "SELECT string_agg(format('%I.%I', n.nspname, c.relname), ' ') FROM pg_class c
                  JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE (n.nspname LIKE 'tenant\\_%' OR n.nspname = 'public') AND c.relkind IN ('r', 'p', 'v')";
    let tables = must(world.admin.value(tables).await).unwrap_or_default();
    let mut tried = 0;
    for table in tables.split(' ') {
        for statement in
            [format!("SELECT FROM {table}"), format!("DELETE FROM {table}"), format!("TRUNCATE {table}")]
        {
            let refused = outside.execute(&statement).await;
            assert_eq!(refused.as_ref().err().and_then(Error::sql_state), Some("42501"), "{statement}");
            tried += 1;
        }
    }
    assert!(tried > 3 * 2 * 15, "{tables}");
    for statement in
        ["CREATE TEMP TABLE t ()", "CREATE TABLE public.t ()", "CREATE SCHEMA s", "CREATE ROLE r"]
    {
        let refused = outside.execute(statement).await;
        assert_eq!(refused.as_ref().err().and_then(Error::sql_state), Some("42501"), "{statement}");
    }
}

#[tokio::test]
async fn unqualified_names_are_errors() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    for sql in ["SELECT FROM agents", "SELECT FROM tenants", "SELECT FROM _events"] {
        let error = scopes.rows(&world.homes[0], sql).await.unwrap_err();
        assert_eq!(error.sql_state(), Some("42P01"), "{sql}");
    }
}

#[tokio::test]
async fn an_unknown_workspace_sees_nothing() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    must(scopes.add(&world.homes[0], "one").await);
    assert!(scopes.list(&other_workspace(&world.homes[0])).await.is_empty());
    let unset = scopes.run(&world.homes[0], (), |tx, ()| {
        Box::pin(async move {
            tx.query("SELECT pg_catalog.set_config('tenantry.workspace_id', '', true)", &[]).await?;
            tx.query(LIST, &[]).await
        })
    });
    assert!(must(unset.await).is_empty(), "an empty setting is nobody's workspace");
}
