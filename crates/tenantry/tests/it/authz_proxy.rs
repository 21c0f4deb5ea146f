//! `GET /v1/authz`, asked directly, and by a real nginx with the configuration that is shipped.

use crate::{
    people::{PASSWORD, bearer, cheap, sign_in},
    staff::{email, member, user},
    wire::{Answer, Served, exchange, serve},
};
use serde_json::json;
use std::{
    fs,
    net::SocketAddr,
    os::unix::{fs::PermissionsExt as _, net::UnixStream as Socket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tenantry_pg::task;
use tenantry_testkit::{Client, TestApp, TestAppBuilder, TestTenant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UnixStream},
};

fn builder() -> TestAppBuilder {
    cheap().set("TENANTRY_BASE_DOMAIN", "example.com").set("TENANTRY_TRUSTED_PROXIES", "127.0.0.1/32")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_told_who_asks() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let told = acme.client.get("/v1/authz").await.expect(200);
    let tenant = &acme.tenant;
    for (name, value) in [
        ("x-tenant-id", tenant.id.to_string()),
        ("x-tenant-slug", "acme".to_owned()),
        ("x-tenant-schema", tenant.schema_name.clone()),
        ("x-workspace-id", acme.key.workspace_id.to_string()),
        ("x-user-id", acme.key.id.to_string()),
        ("x-role", "member".to_owned()),
        ("x-tier", "free".to_owned()),
    ] {
        assert_eq!(told.headers[name], *value, "{name}");
    }
    assert_eq!((told.text.as_str(), &told.headers["cache-control"]), ("", &"no-store".parse().unwrap()));
    // What is behind the proxy knows no scopes: a confined key needs the one that is for it.
    for (scopes, status) in [(json!(["agents:read"]), 403), (json!(["upstream:use"]), 200)] {
        let key = app.key("acme", &json!({"name": "confined", "scopes": scopes})).await;
        app.anyone.clone().with_token(Some(&key.key)).get("/v1/authz").await.expect(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_told_every_refusal() {
    let app = builder().start().await;
    let acme = app.tenant("acme").await;
    user(&app, "nora").await;
    let nora = bearer(&app, &sign_in(&app, &email("nora"), json!({})).await);
    let foreign = |client: &Client| client.clone().with_header("x-tenant-slug", "rival");
    for (client, status, told, code) in [
        (app.anyone.clone(), 401, "401", "unauthenticated"),
        (app.anyone.clone().with_token(Some("tnt_dev_x_y")), 401, "401", "unauthenticated"),
        (nora.clone(), 403, "400", "tenant_required"),
        (foreign(&nora), 403, "403", "tenant_inactive"),
        (foreign(&acme.client), 403, "403", "tenant_inactive"),
        (acme.client.clone().with_header("host", "rival.example.com"), 403, "403", "tenant_inactive"),
        (app.operator(), 403, "403", "forbidden"),
    ] {
        let reply = client.get("/v1/authz").await.expect(status);
        assert_eq!((&reply.headers["x-authz-status"], reply.code()), (&told.parse().unwrap(), code));
        assert!(!reply.headers.contains_key("x-tenant-id"), "{}", reply.text);
    }
}

fn must<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// Somebody in a browser, who is a member of acme.
async fn browser(app: &TestApp) -> (String, String) {
    member(app, "acme", "ada", "admin").await;
    let body = json!({"email": email("ada"), "password": PASSWORD, "cookie": true});
    let reply = app.anyone.post("/v1/auth/login", &body).await.expect(200);
    let line = must(reply.headers["set-cookie"].to_str()).to_owned();
    let csrf = crate::staff::text(&reply, "csrf_token");
    (line.split(';').next().unwrap_or_default().to_owned(), csrf)
}

/// nginx in front of the application's server and of an upstream that tells what it was sent.
struct Front {
    shell: Child,
    folder: PathBuf,
    _server: Served,
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.join("error.log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Answers every request with its own head.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
    let addr = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    // Ends with the test's runtime.
    task::detached(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = Vec::new();
            while !read.windows(4).any(|part| part == b"\r\n\r\n")
                && stream.read_buf(&mut read).await.is_ok_and(|n| n > 0)
            {}
            let status = if read.starts_with(b"GET /teapot") { "403 Forbidden" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", read.len());
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&read).await;
        }
    });
    addr
}

const PLACES: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

/// The shipped configuration with other addresses in it; nothing else is changed.
fn configure(folder: &Path, server: SocketAddr, upstream: SocketAddr) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nginx");
    fs::create_dir(folder.join("tenantry")).unwrap_or_else(|error| panic!("{error}"));
    for name in ["authz.conf", "protect.conf", "public.conf"] {
        fs::copy(shipped.join(name), folder.join("tenantry").join(name))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let site = fs::read_to_string(shipped.join("site.conf")).unwrap_or_else(|error| panic!("{error}"));
    let socket = format!("unix:{}", folder.join("front").display());
    let mut site_here = site;
    for (there, here) in [
        ("127.0.0.1:8080", server.to_string()),
        ("127.0.0.1:3000", upstream.to_string()),
        ("127.0.0.1:8081", socket),
    ] {
        assert!(site_here.contains(there), "site.conf names {there}");
        site_here = site_here.replace(there, &here);
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    let whole = format!(
        "pid {dir}/pid;\nworker_processes 1;\nerror_log {dir}/error.log;\nevents {{ worker_connections 64; }}\n\
         http {{\naccess_log off;\n{temporary}{site_here}\n}}\n",
        dir = folder.display()
    );
    fs::write(folder.join("nginx.conf"), whole).unwrap_or_else(|error| panic!("{error}"));
}

impl Front {
    /// `None`, aloud, where there is no nginx.
    async fn start(app: &TestApp, name: &str) -> Option<Self> {
        let Some(program) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
            eprintln!("skipped: there is no nginx here; scripts/bootstrap test installs it");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("tenantry-test-{}-nginx-{name}", std::process::id()));
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{error}"));
        // Its workers are another user's where this one is root.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))
            .unwrap_or_else(|error| panic!("{error}"));
        let server = serve(app);
        configure(&folder, server.addr, echo().await);
        let log = fs::File::create(folder.join("error.log")).unwrap_or_else(|error| panic!("{error}"));
        // Ends with its standard input, whatever ends this process.
        let shell = Command::new("sh")
            .args(["-c", "\"$0\" -p \"$1\" -c \"$1/nginx.conf\" -g 'daemon off;' & read _; kill $!; wait"])
            .arg(program)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        let front = Self { shell, folder, _server: server };
        let listens = async {
            while Socket::connect(front.folder.join("front")).is_err() {
                tokio::task::yield_now().await;
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_secs(20), listens).await.is_ok(),
            "nginx does not listen"
        );
        Some(front)
    }

    async fn send(&self, request: &str, lines: &[&str]) -> Answer {
        let stream =
            UnixStream::connect(self.folder.join("front")).await.unwrap_or_else(|error| panic!("{error}"));
        let lines: String = lines.iter().flat_map(|line| [*line, "\r\n"]).collect();
        let bytes = format!("{request} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n");
        exchange(stream, bytes.as_bytes()).await
    }
}

/// What the upstream was sent under a name, in whatever spelling.
fn sent<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let alike = |key: &str| key.replace('_', "-").eq_ignore_ascii_case(name);
    let lines = answer.body.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| alike(key)).map(|(_, value)| value.trim()).collect()
}

fn bears(acme: &TestTenant) -> String {
    format!("Authorization: Bearer {}", acme.key.key)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_forges_what_the_upstream_is_told() {
    let app = builder().start().await;
    let acme = app.tenant("acme").await;
    let Some(front) = Front::start(&app, "forged").await else { return };
    let truth = [
        ("X-Tenant-Id", acme.tenant.id.to_string()),
        ("X-Tenant-Slug", "acme".to_owned()),
        ("X-Tenant-Schema", acme.tenant.schema_name.clone()),
        ("X-Workspace-Id", acme.key.workspace_id.to_string()),
        ("X-User-Id", acme.key.id.to_string()),
        ("X-Role", "member".to_owned()),
        ("X-Tier", "free".to_owned()),
    ];
    let mut lines = vec!["Host: acme.example.com".to_owned(), bears(&acme)];
    for (name, _) in truth.iter().filter(|(name, _)| *name != "X-Tenant-Slug") {
        let odd = [name.to_ascii_lowercase(), name.to_ascii_uppercase(), name.replace('-', "_")];
        lines.push(format!("{name}: forged"));
        lines.extend(odd.map(|name| format!("{name}: forged")));
    }
    lines.extend(
        ["X_Tenant_Slug: forged", "X-Authz-Status: 200", "X-Forwarded-Host: rival.example.com"]
            .map(str::to_owned),
    );
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for request in ["GET /", "POST /orders", "DELETE /a/b?c=d"] {
        let answer = front.send(request, &lines).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!answer.body.contains("forged"), "{}", answer.body);
        for (name, value) in &truth {
            assert_eq!(sent(&answer, name), [value], "{name}");
        }
        assert_eq!(
            (sent(&answer, "X-Authz-Status").len(), sent(&answer, "X-Forwarded-Host")),
            (0, vec!["acme.example.com"])
        );
    }
    // Where nobody is asked, nobody is named.
    let open = front.send("GET /public/page", &lines).await;
    assert_eq!(open.status, 200);
    assert!(!open.body.contains("forged"), "{}", open.body);
    assert!(truth.iter().all(|(name, _)| sent(&open, name).is_empty()), "{}", open.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_nginx_answers_as_it_is_told() {
    let app = builder().start().await;
    let acme = app.tenant("acme").await;
    user(&app, "nora").await;
    let nora = sign_in(&app, &email("nora"), json!({})).await;
    let Some(front) = Front::start(&app, "answers").await else { return };
    let (own, token) = ("Host: acme.example.com", bears(&acme));
    let nora = format!("Authorization: Bearer {}", nora["access_token"].as_str().unwrap());
    for (lines, status, code) in [
        (vec![own], 401, "unauthenticated"),
        (vec![own, "Authorization: Bearer tnt_dev_x_y"], 401, "unauthenticated"),
        (vec!["Host: example.com", &nora], 400, "tenant_required"),
        (vec![own, &nora], 403, "forbidden"),
        (vec!["Host: rival.example.com", &token], 403, "forbidden"),
        (vec!["Host: RIVAL.example.com.:443", &token], 403, "forbidden"),
        (vec![own, "X-Tenant-Slug: rival", &token], 403, "forbidden"),
    ] {
        for request in ["GET /", "POST /orders"] {
            let answer = front.send(request, &lines).await;
            assert_eq!((answer.status, &*answer.code()), (status, code), "{lines:?}: {}", answer.body);
            assert_eq!(answer.header("content-type"), ["application/problem+json"]);
            let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(
                (answer.header("x-request-id"), json["status"].as_u64()),
                (vec![json["request_id"].as_str().unwrap()], Some(status.into()))
            );
            assert_eq!(
                answer.header("www-authenticate").len(),
                usize::from(status == 401),
                "{:?}",
                answer.head
            );
        }
    }
    // Of a header that comes twice nginx before 1.23 passes on the first, and later ones all: the identity decides either way.
    let doubled = front.send("GET /", &[own, "X-Tenant-Slug: acme", "x-tenant-slug: rival", &token]).await;
    assert!(doubled.status == 403 || sent(&doubled, "X-Tenant-Slug") == ["acme"], "{}", doubled.body);
    let doubled = front.send("GET /", &[own, "X-Tenant-Slug: rival", "x-tenant-slug: acme", &token]).await;
    assert_eq!(doubled.status, 403, "{}", doubled.body);
    // Two hosts, and two proofs: nginx itself refuses.
    for twice in [[own, "Host: rival.example.com", &token], [own, &token, &token]] {
        assert_eq!(front.send("GET /", &twice).await.status, 400, "{twice:?}");
    }
    // What the application says itself passes as it is.
    let teapot = front.send("GET /teapot", &[own, &token]).await;
    assert!(teapot.status == 403 && teapot.body.starts_with("GET /teapot"), "{}", teapot.body);
    // Nobody asks us from outside by nginx's own path.
    assert_eq!(front.send("GET /_tenantry/authz", &[own, &token]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_ends_at_nginx() {
    let app = builder().start().await;
    let acme = app.tenant("acme").await;
    let Some(front) = Front::start(&app, "suspended").await else { return };
    let token = bears(&acme);
    let lines = ["Host: acme.example.com", &token];
    assert_eq!(front.send("GET /", &lines).await.status, 200);
    app.operator().post("/v1/tenants/acme/suspend", &json!({})).await.expect(202);
    let began = std::time::Instant::now();
    while front.send("GET /", &lines).await.status != 403 {
        assert!(began.elapsed() < Duration::from_secs(1), "a suspended tenant is still let through");
    }
    app.work().await;
    app.operator().post("/v1/tenants/acme/resume", &json!({})).await.expect(202);
    app.work().await;
    assert_eq!(front.send("GET /", &lines).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browsers_cookie_passes_nginx_as_its_method_allows() {
    let app = builder().start().await;
    let (_, _) = (app.tenant("acme").await, app.tenant("rival").await);
    let (cookie, csrf) = browser(&app).await;
    let Some(front) = Front::start(&app, "cookie").await else { return };
    let (cookie, csrf) = (format!("Cookie: {cookie}"), format!("X-CSRF-Token: {csrf}"));
    let own = "Host: acme.example.com";
    let answer = front.send("GET /", &[own, &cookie]).await;
    assert_eq!(
        (answer.status, sent(&answer, "X-Tenant-Slug"), sent(&answer, "X-Role")),
        (200, vec!["acme"], vec!["admin"])
    );
    // A page of somebody else makes a browser send the cookie, and cannot send the rest.
    assert_eq!(front.send("POST /orders", &[own, &cookie]).await.status, 403);
    let ours = [own, &cookie, &csrf, "Origin: http://127.0.0.1:8080"];
    assert_eq!(front.send("POST /orders", &ours).await.status, 200);
    // Where they are no member, and where nothing says where.
    assert_eq!(front.send("GET /", &["Host: rival.example.com", &cookie]).await.status, 403);
    assert_eq!(front.send("GET /", &["Host: nobody.example.com", &cookie]).await.status, 403);
    assert_eq!(front.send("GET /", &["Host: example.com", &cookie]).await.status, 400);
    // Nobody but a trusted proxy says what the method was.
    let alone = TestApp::builder()
        .database(&app.database)
        .set("TENANTRY_BASE_DOMAIN", "example.com")
        .set("TENANTRY_PUBLIC_URL", "http://127.0.0.1:8080")
        .start()
        .await;
    let server = serve(&alone);
    let asked = format!(
        "GET /v1/authz HTTP/1.1\r\n{own}\r\n{cookie}\r\nX-Original-Method: GET\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(server.send(asked.as_bytes()).await.code(), "csrf_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_says_its_own_method() {
    let app = builder().start().await;
    app.tenant("acme").await;
    let (cookie, _) = browser(&app).await;
    let server = serve(&app);
    let asked = async |methods: &str| {
        let lines = format!("Host: acme.example.com\r\nCookie: {cookie}\r\n{methods}Connection: close");
        let answer = server.send(format!("GET /v1/authz HTTP/1.1\r\n{lines}\r\n\r\n").as_bytes()).await;
        (answer.status, answer.code())
    };
    let refused = (403, "csrf_refused".to_owned());
    // As Traefik asks: its own word for the method, and all that the client sent.
    assert_eq!(asked("X-Original-Method: GET\r\nX-Forwarded-Method: POST\r\n").await, refused);
    assert_eq!(asked("X-Original-Method: POST\r\nX-Forwarded-Method: GET\r\n").await, refused);
    assert_eq!(asked("").await, refused);
    for fine in ["X-Forwarded-Method: GET\r\n", "X-Original-Method: GET\r\nX-Forwarded-Method: GET\r\n"] {
        assert_eq!(asked(fine).await.0, 200, "{fine}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_lets_nobody_through_where_nobody_can_be_asked() {
    let app = builder().start().await;
    let acme = app.tenant("acme").await;
    let lost = builder().database(&app.database).elsewhere(crate::support::nowhere()).start().await;
    let Some(front) = Front::start(&lost, "lost").await else { return };
    let answer = front.send("GET /", &["Host: acme.example.com", &bears(&acme)]).await;
    assert_eq!((answer.status, &*answer.code()), (503, "unavailable"), "{}", answer.body);
}
