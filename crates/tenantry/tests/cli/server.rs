//! Processes for production: what they hold, how they end, how they are reached.

use crate::{
    http::{get, post, send},
    process::{Scratch, eventually, run, tenantry},
    start::{Server, bare_database, database, server_environment, wish, with, worker, worker_environment},
};
use std::{fs, io::Write, net::TcpStream};
use tenantry_testkit::OPERATOR;

/// Two servers that hold the master key and no credential, and a worker: tenants warm and cold, rows through either.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_needs_no_owner() {
    let database = database(1).await;
    let (one, two) = (Server::start(&database), Server::start(&database));
    let warm = post(&one.url, "/v1/tenants", OPERATOR, &[], &wish("acme")).reply().json();
    assert_eq!(warm["run"]["status"], "succeeded");
    let cold = post(&two.url, "/v1/tenants", OPERATOR, &[], &wish("globex")).reply().json();
    assert_eq!(cold["run"]["status"], "pending");
    let _worker = worker(&database, 0);
    let run = cold["run"]["id"].as_str().unwrap();
    assert_eq!(run_to_end(&one, run), "succeeded");
    for slug in ["acme", "globex"] {
        let made = one.cli(&format!("key create --tenant {slug} -o json")).output().unwrap();
        let key: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let agents = get(&two.url, "/v1/agents", key["key"].as_str().unwrap());
        assert_eq!((agents.status, agents.json()["items"].as_array().unwrap().len()), (200, 0), "{slug}");
    }
}

fn run_to_end(server: &Server, run_id: &str) -> String {
    let ended = run(&mut server.cli(&format!("run watch {run_id} -o json")));
    ended.json()["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains() {
    let database = database(0).await;
    let server = Server::start(&database);
    let asked = post(&server.url, "/v1/tenants", OPERATOR, &["Prefer: wait=3"], &wish("acme"));
    let run_id = eventually_a_run(&server);
    let authorization = format!("Authorization: Bearer {OPERATOR}");
    let path = format!("/v1/provisioning-runs/{run_id}/events");
    let mut stream = send(&server.url, "GET", &path, &[&authorization], None);
    stream.read_until("event: ");
    server.process.signal("TERM");
    // The stream ends while the request is still in flight; then that is answered, and then the process ends.
    stream.rest();
    eventually("closed port", || TcpStream::connect(server.url.trim_start_matches("http://")).is_err());
    let answer = asked.reply();
    assert_eq!((answer.status, &answer.json()["run"]["status"]), (202, &"pending".into()));
    server.process.wait().expect(0);
}

fn eventually_a_run(server: &Server) -> String {
    let mut found = None;
    eventually("a run", || {
        let runs = get(&server.url, "/v1/provisioning-runs", OPERATOR).json();
        found = runs["items"][0]["id"].as_str().map(str::to_owned);
        found.is_some()
    });
    found.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_stops_a_worker() {
    let database = database(0).await;
    let worker = worker(&database, 1);
    worker.signal("TERM");
    let ended = worker.wait().expect(0);
    assert!(ended.err.contains("stopped"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_with_a_certificate_of_ones_own() {
    let database = database(0).await;
    let scratch = Scratch::new("tls");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = scratch.file("server.crt", &made.cert.pem(), 0o644);
    let key = scratch.file("server.key", &made.signing_key.serialize_pem(), 0o600);
    let mut command = with("server --listen 0.0.0.0:0", &server_environment(&database));
    let server =
        Server::start_with(command.env("TENANTRY_TLS_CERT", &certificate).env("TENANTRY_TLS_KEY", &key));
    let port = server.url.rsplit(':').next().unwrap();
    let whoami = |ca: Option<&std::path::Path>| {
        let mut command = tenantry("whoami");
        command.env("TENANTRY_URL", format!("https://localhost:{port}")).env("TENANTRY_TOKEN", OPERATOR);
        command.envs(ca.map(|ca| ("TENANTRY_CA_FILE", ca)));
        run(&mut command)
    };
    assert!(whoami(Some(&certificate)).expect(0).out.contains("an operator of the platform"));
    assert!(whoami(None).expect(1).err.contains("certificate"));
    let plain = TcpStream::connect(("127.0.0.1", port.parse::<u16>().unwrap()));
    let mut plain = plain.unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "served without TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_an_address_of_their_own() {
    let database = database(0).await;
    let server = Server::start(&database);
    get(&server.url, "/v1/tenants", OPERATOR);
    let metrics = format!("http://{}", server.process.logged("metrics"));
    let scraped = send(&metrics, "GET", "/metrics", &[], None).reply();
    assert!(
        scraped.body.contains("tenantry_http_requests_total{endpoint=\"/v1/tenants\""),
        "{}",
        scraped.body
    );
    assert_eq!(send(&metrics, "GET", "/v1/tenants", &[], None).reply().status, 404, "nothing else is there");
    assert_eq!(send(&server.url, "GET", "/metrics", &[], None).reply().status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_control_runs_twice() {
    let database = bare_database().await;
    let environment = worker_environment(&database, 0);
    assert!(run(&mut with("migrate-control", &environment)).expect(0).out.contains("policies applied"));
    let second = run(&mut with("migrate-control", &environment)).expect(0);
    assert_eq!(second.out, "0 migrations ran; logins, grants and policies as they were\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused() {
    let database = database(0).await;
    let mut environment = worker_environment(&database, 0);
    environment.insert("TENANTRY_MASTER_KEY".to_owned(), "08".repeat(32));
    let refused = run(&mut with("migrate-control", &environment)).expect(1);
    assert!(refused.err.contains("another master key") && !refused.err.contains("0808"), "{}", refused.err);
    environment.insert("TENANTRY_MASTER_KEY_PREVIOUS".to_owned(), "07".repeat(32));
    assert!(run(&mut with("migrate-control", &environment)).expect(0).out.contains("applied"));
    environment.remove("TENANTRY_MASTER_KEY_PREVIOUS");
    assert!(run(&mut with("migrate-control", &environment)).expect(0).out.contains("as they were"));
}

/// What the list holds opens a connection.
#[tokio::test(flavor = "multi_thread")]
async fn the_userlist_holds_the_cells_logins() {
    let database = database(1).await;
    let list = run(&mut with("pooler userlist", &worker_environment(&database, 0))).expect(0).out;
    let words: Vec<&str> = list.trim().split('"').collect();
    let [_, user, _, password, _] = words.as_slice() else { panic!("{list}") };
    assert_eq!(*user, database.installation.cell(1));
    let login = tenantry_pg::Login { user: (*user).to_owned(), passwords: vec![(*password).to_owned()] };
    let session = tenantry_pg::bootstrap::Superuser::connect(&database.target, &login).await.unwrap();
    assert_eq!(session.value("SELECT current_user::text").await.unwrap().as_deref(), Some(*user));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_whether_the_server_lives() {
    let server = Server::start(&database(0).await);
    assert_eq!(run(&mut tenantry(&format!("probe {}/livez", server.url))).expect(0).out, "");
    assert!(run(&mut tenantry(&format!("probe {}/absent", server.url))).expect(1).err.contains("404"));
    server.process.signal("TERM");
    let gone = server.url.clone();
    server.process.wait().expect(0);
    run(&mut tenantry(&format!("probe {gone}/livez"))).expect(1);
}

/// `dev` with a database of its own choosing, as on a managed server: the owner is no superuser, and no cluster is started.
#[tokio::test(flavor = "multi_thread")]
async fn database_url_uses_a_given_server() {
    let database = bare_database().await;
    let scratch = Scratch::new("given");
    let mut command = crate::dev::dev(&scratch.join("data"), "--demo");
    let dev = crate::dev::up(command.env("DATABASE_URL", database.owner_url()));
    assert_eq!(get(&dev.url, "/v1/tenants/acme", &dev.token).json()["status"], "active");
    dev.process.signal("INT");
    dev.process.wait().expect(0);
    assert!(!scratch.join("data/pg").exists());
    // Somebody else's folder has another key: it is told so, and the first one's logins go on working.
    let mut other = crate::dev::dev(&scratch.join("other"), "");
    let refused = run(other.env("DATABASE_URL", database.owner_url())).expect(1);
    assert!(refused.err.contains("another master key"), "{}", refused.err);
    fs::remove_dir_all(scratch.join("other")).unwrap();
    let mut again = crate::dev::dev(&scratch.join("data"), "");
    drop(crate::dev::up(again.env("DATABASE_URL", database.owner_url())));
}
