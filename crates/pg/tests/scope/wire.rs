use crate::{
    proxy::Proxy,
    world::{ADD, World, must, single, within},
};

/// The proxy answers nothing before it has seen COMMIT: whoever waits for an answer before sending it, waits for ever.
#[tokio::test]
async fn one_round_trip_on_the_wire() {
    let world = World::new(1).await;
    let proxy = Proxy::start(&world.database).await;
    let scopes = world.scopes_at(&proxy.target, single());
    let home = &world.homes[0];
    scopes.pid(home).await;
    proxy.withhold();
    must(within("unnamed", scopes.add(home, "unnamed")).await);
    assert_eq!(proxy.flights(), 1);
    proxy.release();
    must(scopes.add(home, "prepares").await);
    proxy.withhold();
    must(within("named", scopes.add(home, "named")).await);
    assert_eq!(proxy.flights(), 1);
    proxy.release();
    assert_eq!(scopes.list(home).await, ["named", "prepares", "unnamed"]);
}

/// The counter-check: the same proxy does stop a scope that needs an answer.
#[tokio::test]
async fn two_statements_need_more_than_one_flight() {
    let world = World::new(1).await;
    let proxy = Proxy::start(&world.database).await;
    let scopes = world.scopes_at(&proxy.target, single());
    let home = &world.homes[0];
    scopes.pid(home).await;
    proxy.withhold();
    let workspace = home.workspace.0;
    let scope = scopes.run(home, workspace, |tx, workspace| {
        Box::pin(async move {
            tx.query(ADD, &[workspace, &"first"]).await?;
            tx.last(ADD, &[workspace, &"second"]).await.map(drop)
        })
    });
    let watch = async {
        proxy.hears("first").await;
        assert!(!proxy.heard_commit());
        proxy.release();
    };
    let (done, ()) = tokio::join!(scope, watch);
    must(done);
    assert!(proxy.flights() > 1, "{} flight", proxy.flights());
    assert_eq!(scopes.list(home).await, ["first", "second"]);
}
