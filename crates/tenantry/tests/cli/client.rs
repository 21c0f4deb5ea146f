//! The commands that are clients of the API, against a live server.

use crate::{
    process::{Scratch, run, tenantry},
    start::{Server, database, worker},
};

const CREATE: &str = "tenant create acme --name Acme --admin-email admin@acme.example --tier pro";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_and_shown() {
    let database = database(2).await;
    let server = Server::start(&database);
    let made = run(&mut server.cli(CREATE)).expect(0);
    assert!(made.out.contains("acme (ten_") && made.out.contains("active"), "{}", made.out);
    assert!(
        made.err.contains("activate") && made.err.contains("tenantry key create --tenant acme"),
        "{}",
        made.err
    );
    let list = run(&mut server.cli("tenant list --tier pro --sort -name")).expect(0).out;
    assert!(list.lines().nth(1).is_some_and(|line| line.starts_with("acme")), "{list}");
    assert!(run(&mut server.cli("tenant show acme")).expect(0).out.contains("API calls an hour"));
    let shown = run(&mut server.cli("tenant show acme -o json")).expect(0).json();
    assert_eq!((&shown["slug"], &shown["plan_tier"]), (&"acme".into(), &"pro".into()));
    let runs = run(&mut server.cli("run list --tenant acme --status succeeded -o json")).expect(0).json();
    let id = runs["items"][0]["id"].as_str().unwrap();
    let shown = run(&mut server.cli(&format!("run show {id}"))).expect(0).out;
    for step in ["reserve", "place", "migrate", "isolate", "seed", "extras", "verify", "activate"] {
        assert!(shown.lines().any(|line| line.starts_with(step)), "{step} is missing: {shown}");
    }
    run(&mut server.cli(&format!("run watch {id}"))).expect(0);
}

/// Without a slot the worker makes it, and each step is told when it ends; a pipe gets plain lines.
#[tokio::test(flavor = "multi_thread")]
async fn a_cold_run_is_followed_live() {
    let database = database(0).await;
    let server = Server::start(&database);
    let asked = run(server.cli(CREATE).args(["--wait", "1"])).expect(1);
    assert!(
        asked.err.contains("it goes on") && asked.err.contains("tenantry run watch run_"),
        "{}",
        asked.err
    );
    let runs = run(&mut server.cli("run list -o json")).expect(0).json();
    let id = runs["items"][0]["id"].as_str().unwrap().to_owned();
    let watching = crate::process::Process::start(&mut server.cli(&format!("run watch {id}")));
    let _worker = worker(&database, 0);
    let ended = watching.wait().expect(0);
    for step in ["place", "migrate", "isolate", "seed", "verify", "activate"] {
        assert!(ended.err.contains(step), "{step} is missing: {}", ended.err);
    }
    assert!(!ended.err.contains('\u{1b}') && !ended.out.contains('\u{1b}'), "{}{}", ended.out, ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_minted_and_knows_itself() {
    let server = Server::start(&database(1).await);
    run(&mut server.cli(CREATE)).expect(0);
    let key = run(&mut server.cli("key create --tenant acme --role viewer -o json")).expect(0).json();
    let mut whoami = server.cli("whoami");
    let told = run(whoami.env("TENANTRY_TOKEN", key["key"].as_str().unwrap())).expect(0).out;
    assert!(
        told.contains("acme") && told.contains("viewer") && !told.contains(key["key"].as_str().unwrap()),
        "{told}"
    );
    assert_eq!(run(&mut server.cli("whoami -o json")).expect(0).json()["kind"], "operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_server_and_database() {
    let database = database(1).await;
    let server = Server::start(&database);
    let told = run(&mut server.cli("doctor")).expect(0).out;
    for item in ["server", "database", "postgresql_version", "createrole", "warm_slots", "stuck_runs", "psql"]
    {
        assert!(
            told.lines().any(|line| line.split_whitespace().nth(1) == Some(item)),
            "{item} is missing:\n{told}"
        );
    }
    let json = run(&mut server.cli("doctor -o json")).expect(0).json();
    assert!(json["checks"].as_array().is_some_and(|checks| checks.len() > 8), "{json}");
    database.admin().await.execute("GRANT CREATE ON SCHEMA public TO PUBLIC").await.unwrap();
    let told = run(&mut server.cli("doctor")).expect(1).out;
    assert!(told.contains("failing  public_create") && told.contains("from PUBLIC"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_who_erred() {
    let server = Server::start(&database(1).await);
    run(&mut server.cli(CREATE)).expect(0);
    assert!(run(&mut server.cli(CREATE)).expect(1).err.contains("Another tenant has the slug acme"));
    let bad = "tenant create Acme! --name Acme --admin-email nobody";
    let refused = run(&mut server.cli(bad)).expect(2).err;
    assert!(
        refused.contains("/slug:") && refused.contains("/admin_email:") && refused.contains("request id:"),
        "{refused}"
    );
    let refused = run(&mut server.cli("tenant show nobody -o json")).expect(1);
    assert!(refused.err.contains("\"code\":\"not_found\"") && refused.out.is_empty(), "{}", refused.err);
    let refused = run(server.cli("tenant list").env("TENANTRY_TOKEN", "wrong")).expect(1).err;
    assert!(refused.contains("TENANTRY_TOKEN"), "{refused}");
    let mut nobody = tenantry("tenant list --url http://127.0.0.1:1 --token x");
    let refused = run(&mut nobody).expect(1).err;
    assert!(
        refused.contains("nothing answers at http://127.0.0.1:1") && refused.contains("tenantry dev"),
        "{refused}"
    );
}

/// `dev` leaves address and token where a command started in the same folder finds them.
#[test]
fn the_client_finds_a_dev_server_by_itself() {
    let scratch = Scratch::new("find");
    let mut command = tenantry("dev --listen 127.0.0.1:0");
    let dev = crate::dev::up(command.current_dir(scratch.path()).env("TENANTRY_WARM_SLOTS", "1"));
    let inner = scratch.folder("some/where");
    let mut create = tenantry(CREATE);
    run(create.current_dir(&inner)).expect(0);
    let mut whoami = tenantry("whoami");
    let told = run(whoami.current_dir(&inner)).expect(0).out;
    assert!(told.contains(&dev.url) && told.contains("an operator of the platform"), "{told}");
    let mut lost = tenantry("whoami");
    assert!(run(lost.current_dir("/")).expect(1).err.contains("no token"));
}

#[test]
fn the_documents_need_no_server() {
    let document = run(&mut tenantry("openapi")).expect(0).json();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    assert!(run(&mut tenantry("config-reference")).expect(0).out.contains("| `TENANTRY_LISTEN` |"));
    for (shell, mark) in
        [("bash", "_tenantry"), ("zsh", "#compdef tenantry"), ("fish", "complete -c tenantry")]
    {
        let script = run(&mut tenantry(&format!("completions {shell}"))).expect(0).out;
        assert!(
            script.contains(mark) && script.contains("migrate-control") && script.contains("whoami"),
            "{shell}"
        );
    }
}
