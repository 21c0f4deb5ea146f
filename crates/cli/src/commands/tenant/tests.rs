//! Tests of the tenant commands, each against a scripted server.

use crate::testing::{Hands, RUN, Reply, Server, json, run_json, sse, tenant_json};

fn accepted() -> String {
    format!(r#"{{"tenant":{},"run":{}}}"#, tenant_json("acme", "provisioning"), run_json("pending", &[]))
}

fn ended(status: &str) -> Reply {
    sse(&[&format!("id: 9\nevent: run\ndata: {}\n\n", run_json(status, &[]))], true)
}

const CREATE: &str = "tenant create acme --name Acme --admin-email a@acme.example";

#[test]
fn create_waits_and_shows_tenant_and_run() {
    let steps = "id: 1\nevent: step\ndata: {\"name\":\"reserve\",\"status\":\"succeeded\",\"started_at\":null,\"finished_at\":null,\"duration_ms\":0.9,\"attempts\":1,\"detail\":null,\"error\":null}\n\n";
    let last = format!(
        "id: 2\nevent: run\ndata: {}\n\n",
        run_json("succeeded", &[("reserve", "succeeded"), ("place", "succeeded")])
    );
    let server = Server::start(vec![
        json(202, &accepted()),
        sse(&[steps, &last], true),
        json(200, &tenant_json("acme", "active")),
    ]);
    let ran =
        Hands::at(&server).run(&format!("{CREATE} --tier PRO --domain acme.example --domain acme.test"));
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.out, @r"
    tenant   acme (ten_00000000000000000000000002)
    name     Acme Inc.
    status   active
    tier     pro
    schema   t_x1
    console  https://acme.example/console
    created  3 min ago
    run      run_00000000000000000000000009 succeeded in 41.2 ms
    ");
    insta::assert_snapshot!(ran.err, @r"
    making acme: run_00000000000000000000000009
      reserve   succeeded     0.9 ms
      place     succeeded     1.2 ms  2 rows
    next: mint a key for it: `tenantry key create --tenant acme`
    ");
    let seen = server.seen();
    insta::assert_snapshot!(seen[0].body, @r#"{"slug":"acme","name":"Acme","admin_email":"a@acme.example","plan_tier":"pro","allowed_domains":["acme.example","acme.test"]}"#);
    assert_eq!(seen[1].target, format!("/v1/provisioning-runs/{RUN}/events"));
    assert!(seen[0].header("idempotency-key").is_some_and(|key| key.starts_with("cli-")));
}

#[test]
fn what_a_tenant_begins_with_is_sent_where_it_is_said() {
    let server = Server::start(vec![json(202, &accepted())]);
    let ran = Hands::at(&server).run(&format!("{CREATE} --schema-version 2.1 --demo-data --no-wait"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(server.seen()[0].body, @r#"{"slug":"acme","name":"Acme","admin_email":"a@acme.example","schema_version":"2.1","demo_data":true}"#);
}

#[test]
fn create_prints_the_shape_of_the_api_as_json() {
    let server = Server::start(vec![
        json(202, &accepted()),
        ended("succeeded"),
        json(200, &tenant_json("acme", "active")),
    ]);
    let ran = Hands::at(&server).run(&format!("{CREATE} -o json"));
    let expected =
        format!(r#"{{"tenant":{},"run":{}}}"#, tenant_json("acme", "active"), run_json("succeeded", &[]));
    assert_eq!((ran.code, ran.out), (0, format!("{expected}\n")));
}

#[test]
fn exit_codes_follow_the_run() {
    for (status, code) in [("succeeded", 0), ("rolled_back", 3), ("needs_attention", 4)] {
        let server = Server::start(vec![
            json(202, &accepted()),
            ended(status),
            json(200, &tenant_json("acme", "active")),
        ]);
        assert_eq!(Hands::at(&server).run(CREATE).code, code, "{status}");
    }
}

#[test]
fn a_tenant_that_was_undone_is_null() {
    let gone = r#"{"code":"not_found","detail":"no such tenant"}"#;
    let server = Server::start(vec![json(202, &accepted()), ended("rolled_back"), json(404, gone)]);
    let ran = Hands::at(&server).run(&format!("{CREATE} -o json"));
    let expected = format!(r#"{{"tenant":null,"run":{}}}"#, run_json("rolled_back", &[]));
    assert_eq!((ran.code, ran.out), (3, format!("{expected}\n")));
    assert!(ran.err.contains(r#"{"type":"about:blank","code":"rolled_back""#), "{}", ran.err);
}

const ACCESS: &str = r#","api_key":"tnt_dev_abc_secret_crc","owner_invitation":{"email":"a@acme.example","url":"https://acme.example/accept-invitation#token=t0ken","expires_at":"2026-03-11T12:00:00Z"}"#;

fn accepted_with_access() -> Reply {
    let accepted = accepted();
    json(202, &format!("{}{ACCESS}}}", &accepted[..accepted.len() - 1]))
}

#[test]
fn the_first_key_is_printed_whatever_happens() {
    let server = Server::start(vec![
        accepted_with_access(),
        ended("succeeded"),
        json(200, &tenant_json("acme", "active")),
    ]);
    let ran = Hands::at(&server).run(CREATE);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.out, @r"
    tenant   acme (ten_00000000000000000000000002)
    name     Acme Inc.
    status   active
    tier     pro
    schema   t_x1
    console  https://acme.example/console
    created  3 min ago
    run      run_00000000000000000000000009 succeeded in 41.2 ms
    api key  tnt_dev_abc_secret_crc
    invite   https://acme.example/accept-invitation#token=t0ken
    for      a@acme.example, good until 2026-03-11T12:00:00Z (in 7 days)
    ");
    insta::assert_snapshot!(ran.err, @r"
    making acme: run_00000000000000000000000009
    next: keep the API key and the owner's invitation link now: only their hashes are stored, and they are not shown again
    next: make more keys: `tenantry key create --tenant acme`
    ");
    // Once only, and on standard output.
    assert_eq!((ran.out.matches("secret").count(), ran.err.contains("secret")), (1, false));
    let gone = || json(404, r#"{"code":"not_found","detail":"no such run"}"#);
    for (line, replies, code) in [
        (CREATE.to_owned(), vec![accepted_with_access(), gone()], 1),
        (CREATE.to_owned(), vec![accepted_with_access(), ended("succeeded"), json(503, "gone")], 1),
        (format!("{CREATE} --no-wait"), vec![accepted_with_access()], 0),
        (format!("{CREATE} -o json"), vec![accepted_with_access(), gone()], 1),
    ] {
        let ran = Hands::at(&Server::start(replies)).run(&line);
        assert_eq!(ran.code, code, "{line}");
        assert!(
            ran.out.contains("tnt_dev_abc_secret_crc") && ran.out.contains("#token=t0ken"),
            "{line}: {}",
            ran.out
        );
    }
}

#[test]
fn the_first_key_is_json_as_it_came() {
    let server = Server::start(vec![
        accepted_with_access(),
        ended("succeeded"),
        json(200, &tenant_json("acme", "active")),
    ]);
    let ran = Hands::at(&server).run(&format!("{CREATE} -o json"));
    let expected = format!(
        r#"{{"tenant":{},"run":{}{ACCESS}}}"#,
        tenant_json("acme", "active"),
        run_json("succeeded", &[])
    );
    assert_eq!((ran.code, ran.out), (0, format!("{expected}\n")));
}

#[test]
fn without_waiting_it_answers_at_once() {
    let server = Server::start(vec![json(202, &accepted())]);
    let ran = Hands::at(&server).run(&format!("{CREATE} --no-wait"));
    assert_eq!((ran.code, server.seen().len()), (0, 1));
    assert_eq!(ran.err, format!("next: follow it: `tenantry run watch {RUN}`\n"));
    assert!(ran.out.contains(&format!("run      {RUN} pending")), "{}", ran.out);
}

#[test]
fn a_refusal_is_told_field_by_field() {
    let problem = r#"{"type":"https://tenantry.dev/problems/invalid","title":"Some fields are not valid","status":422,"detail":"1 field is not valid","code":"invalid","request_id":"r-1","errors":[{"pointer":"/slug","code":"reserved","detail":"this slug is reserved for the platform"}]}"#;
    let server = Server::start(vec![json(422, problem)]);
    let ran = Hands::at(&server).run(CREATE);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    insta::assert_snapshot!(ran.err, @r"
    error: 1 field is not valid
      /slug: this slug is reserved for the platform
    request id: r-1
    ");
}

#[test]
fn quiet_leaves_results_only() {
    let server = Server::start(vec![
        json(202, &accepted()),
        ended("succeeded"),
        json(200, &tenant_json("acme", "active")),
    ]);
    let ran = Hands::at(&server).run(&format!("{CREATE} -q"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("tenant   acme"));
}

#[test]
fn tenants_are_listed() {
    let long = tenant_json("a-rather-long-slug-for-a-company", "suspended")
        .replace("Acme Inc.", "A company whose name does not fit into a column \\u001b[31m");
    let page = format!(r#"{{"items":[{},{long}],"next_cursor":null}}"#, tenant_json("acme", "active"));
    let server = Server::start(vec![json(200, &page), json(200, &page)]);
    let hands = Hands::at(&server);
    insta::assert_snapshot!(hands.run("tenant list").out, @r"
    SLUG                              NAME                              STATUS     TIER  CREATED
    acme                              Acme Inc.                         active     pro   3 min ago
    a-rather-long-slug-for-a-company  A company whose name does not f…  suspended  pro   3 min ago
    ");
    let ran =
        hands.run("tenant list --status ACTIVE --tier pro --search a&b --sort -created_at --limit 2 -o json");
    assert_eq!((ran.out, ran.err), (format!("{page}\n"), String::new()));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        ["/v1/tenants", "/v1/tenants?status=active&plan_tier=pro&q=a%26b&sort=-created_at&limit=2"]
    );
}

#[test]
fn an_empty_list_says_so() {
    let server = Server::start(vec![json(200, r#"{"items":[],"next_cursor":null}"#)]);
    let ran = Hands::at(&server).run("tenant list");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "no tenants\n"));
}

#[test]
fn all_pages_become_one() {
    let page = |slug: &str, next: &str| {
        json(200, &format!(r#"{{"items":[{}],"next_cursor":{next}}}"#, tenant_json(slug, "active")))
    };
    let server = Server::start(vec![page("one", "\"c1\""), page("two", "\"c2\""), page("three", "null")]);
    let ran = Hands::at(&server).run("tenant list --all -o json");
    let items = ["one", "two", "three"].map(|slug| tenant_json(slug, "active")).join(",");
    assert_eq!(ran.out, format!("{{\"items\":[{items}],\"next_cursor\":null}}\n"));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        ["/v1/tenants?limit=200", "/v1/tenants?limit=200&cursor=c1", "/v1/tenants?limit=200&cursor=c2"]
    );
}

#[test]
fn a_cursor_that_stands_still_is_refused() {
    let page = || json(200, r#"{"items":[],"next_cursor":"c1"}"#);
    let ran = Hands::at(&Server::start(vec![page(), page()])).run("tenant list --all");
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: the list /v1/tenants does not come to its end\n"));
}

#[test]
fn a_tenant_is_shown_in_full() {
    let body = tenant_json("acme", "active");
    let server = Server::start(vec![json(200, &body), json(200, &body)]);
    let hands = Hands::at(&server);
    insta::assert_snapshot!(hands.run("tenant show acme").out, @r"
    slug     acme
    name     Acme Inc.
    id       ten_00000000000000000000000002
    status   active
    tier     pro
    schema   t_x1
    admin    a@acme.example
    domains  acme.example, acme.test
    console  https://acme.example/console
    created  3 min ago
    changed  3 days ago

    LIMIT                   AT MOST
    agent minutes a month   100,000
    API calls an hour       10,000
    concurrent tasks        20
    workspaces              10
    members of a workspace  10
    agents                  100
    tasks a month           unlimited
    storage, GB             50
    ");
    assert_eq!(hands.run("-o json tenant show acme/../x").out, format!("{body}\n"));
    assert_eq!(server.seen()[1].target, "/v1/tenants/acme%2F%2E%2E%2Fx");
}

#[test]
fn an_answer_of_another_shape_is_reported() {
    let ran = Hands::at(&Server::start(vec![json(200, r#"{"slug":7}"#)])).run("tenant show acme");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    insta::assert_snapshot!(ran.err, @r"
    error: the answer to /v1/tenants/acme is not what this version understands: invalid type: integer `7`, expected a string at line 1 column 9
    next: compare the versions: `tenantry doctor`
    ");
}

#[test]
fn a_number_of_its_own_is_told_as_such() {
    let tenant = tenant_json("acme", "active").replacen('{', r#"{"max_agents":100,"#, 1);
    let ran = Hands::at(&Server::start(vec![json(200, &tenant)])).run("tenant show acme");
    let line =
        |name: &str| ran.out.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("agents ").ends_with("100 (its own)"), "{}", ran.out);
    assert!(line("storage").ends_with("50"), "{}", ran.out);
}

#[test]
fn a_tenant_is_asked_for_with_numbers_of_its_own() {
    let server = Server::start(vec![json(202, &accepted())]);
    let ran = Hands::at(&server).run(&format!("{CREATE} --no-wait --max-agents 0 --storage-limit-gb 7"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(server.seen()[0].body, @r#"{"slug":"acme","name":"Acme","admin_email":"a@acme.example","max_agents":0,"storage_limit_gb":7}"#);
}
