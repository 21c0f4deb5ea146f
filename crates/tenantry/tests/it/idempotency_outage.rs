//! A database that goes away in the middle: a clear problem, nothing lost, and the same request again does the work once.

use crate::{
    catalogue::{homes, value},
    idempotency::{replayed, wish},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tenantry_pg::{Target, task};
use tenantry_testkit::{Reply, TestApp, TestDatabase, cluster};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
};

/// Every row of the control plane and of every tenant, and every schema and role.
pub(crate) async fn everything(database: &TestDatabase) -> String {
    let tables = "SELECT string_agg(format('SELECT %L AS t, count(*) || '' '' || md5(coalesce(string_agg(r::text, '','' ORDER BY r::text), '''')) AS n
                                             FROM %s AS r', c.oid::regclass, c.oid::regclass), ' UNION ALL ')
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE (n.nspname = 'public' OR n.nspname LIKE 'tenant\\_%') AND c.relkind IN ('r', 'p')";
    let each = value(database, tables).await;
    let rows = format!("SELECT string_agg(t || ' ' || n, E'\\n' ORDER BY t) FROM ({each}) AS c");
    format!("{}\n{}", value(database, &rows).await, homes(database).await)
}

fn must<T, E: std::fmt::Display>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}

fn unavailable(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.code()), (503, "unavailable"), "{}", reply.text);
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert!(
        reply.headers.contains_key("retry-after") && !reply.json["next_steps"][0].is_null(),
        "{}",
        reply.text
    );
}

/// Ends the one backend that waits for a lock in this database.
pub(crate) async fn end_who_waits(database: &TestDatabase) {
    let end = format!(
        "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity
         WHERE datname = '{}' AND wait_event_type = 'Lock'",
        database.target.database()
    );
    let eye = TestDatabase::superuser().await;
    let ended = async {
        while must(eye.value(&end).await).as_deref() != Some("1") {
            tokio::task::yield_now().await;
        }
    };
    must(tokio::time::timeout(Duration::from_secs(30), ended).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_loses_nothing() {
    let tables =
        ["slots", "tenants", "workspaces", "provisioning_runs", "provisioning_steps", "audit_unsealed"];
    let app = TestApp::builder().slots(tables.len()).start().await;
    let holder = app.database.admin().await;
    for (n, table) in tables.into_iter().enumerate() {
        let (slug, before) = (format!("tenant-{n}"), everything(&app.database).await);
        let operator = app.operator().with_header("idempotency-key", &slug);
        holder.execute(&format!("BEGIN; LOCK TABLE public.{table} IN ACCESS EXCLUSIVE MODE")).await.unwrap();
        let (asking, body) = (operator.clone(), wish(&slug));
        let asked = task::detached(async move { asking.post("/v1/tenants", &body).await });
        end_who_waits(&app.database).await;
        holder.execute("ROLLBACK").await.unwrap();
        unavailable(&asked.await.unwrap());
        assert_eq!(everything(&app.database).await, before, "ended at {table}");

        let first = operator.post("/v1/tenants", &wish(&slug)).await.expect(202);
        assert_eq!(
            (replayed(&first), first.json["run"]["status"].as_str()),
            (false, Some("succeeded")),
            "{table}"
        );
        let again = operator.post("/v1/tenants", &wish(&slug)).await.expect(202);
        assert_eq!((replayed(&again), again.text), (true, first.text), "{table}");
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM tenants").await, tables.len().to_string());
}

/// Between server and database: once armed, it lets a COMMIT through and hangs up before the answer.
async fn start_proxy(database: &TestDatabase, armed: &Arc<AtomicBool>) -> Target {
    let listener = must(TcpListener::bind("127.0.0.1:0").await);
    let port = must(listener.local_addr()).port();
    let armed = Arc::clone(armed);
    task::detached(async move {
        while let Ok((client, _)) = listener.accept().await {
            let armed = Arc::clone(&armed);
            task::detached(async move { relay(client, &armed).await });
        }
    });
    let url = format!("postgresql://nobody@127.0.0.1:{port}/{}?sslmode=disable", database.target.database());
    must(Target::parse(&url)).0
}

async fn relay(mut client: TcpStream, armed: &AtomicBool) -> io::Result<()> {
    let socket = cluster().socket_dir().join(format!(".s.PGSQL.{}", cluster().port()));
    let mut server = UnixStream::connect(socket).await?;
    let (mut up, mut down, mut keeps) = (vec![0; 65536], vec![0; 65536], false);
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let bytes = match read? { 0 => return Ok(()), length => &up[..length] };
                server.write_all(bytes).await?;
                // The transaction of the deed, and no other, keeps an answer.
                keeps |= holds(bytes, b"idempotency::finish");
                if keeps && holds(bytes, b"COMMIT\0") && armed.swap(false, SeqCst) {
                    let _ = server.read(&mut down).await?;
                    return Ok(());
                }
            }
            read = server.read(&mut down) => match read? {
                0 => return Ok(()),
                length => client.write_all(&down[..length]).await?,
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_answered_again() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let armed = Arc::new(AtomicBool::new(false));
    let target = start_proxy(&app.database, &armed).await;
    let far = TestApp::builder().database(&app.database).elsewhere(target).start().await;
    let operator = far.operator().with_header("idempotency-key", "k");
    for (path, body, status) in [
        ("/v1/tenants", wish("bolt"), 202),
        ("/v1/tenants/acme/api-keys", serde_json::json!({"name": "one"}), 201),
    ] {
        armed.store(true, SeqCst);
        unavailable(&operator.post(path, &body).await);
        assert!(!armed.load(SeqCst), "the proxy has heard the COMMIT");
        let again = operator.post(path, &body).await.expect(status);
        assert!(replayed(&again), "{}", again.text);
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM tenants WHERE slug = 'bolt'").await, "1");
    assert_eq!(value(&app.database, "SELECT count(*) FROM api_keys WHERE name = 'one'").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_told() {
    let app = TestApp::start().await;
    let lost = TestApp::builder().database(&app.database).elsewhere(crate::support::nowhere()).start().await;
    let before = everything(&app.database).await;
    let ask = async |app: &TestApp| {
        app.operator().with_header("idempotency-key", "k").post("/v1/tenants", &wish("acme")).await
    };
    unavailable(&ask(&lost).await);
    assert_eq!(everything(&app.database).await, before);
    assert!(!replayed(&ask(&app).await.expect(202)));
}
