//! Tests of the changes of a tenant's life, each against a scripted server.

use crate::testing::{Hands, RUN, Reply, Server, json, run_json, sse, tenant_json};

fn run(kind: &str, status: &str) -> String {
    run_json(status, &[("close", "succeeded"), ("sessions", "succeeded")])
        .replace(r#""kind":"create""#, &format!(r#""kind":"{kind}""#))
}

fn accepted(kind: &str, tenant: &str, more: &str) -> Reply {
    json(
        202,
        &format!(r#"{{"tenant":{},"run":{}{more}}}"#, tenant_json("acme", tenant), run(kind, "pending")),
    )
}

fn ended(kind: &str, status: &str) -> Reply {
    sse(&[&format!("id: 9\nevent: run\ndata: {}\n\n", run(kind, status))], true)
}

#[test]
fn a_change_is_followed_to_its_end() {
    for (verb, state) in [("suspend", "suspended"), ("resume", "active"), ("restore", "active")] {
        let server = Server::start(vec![
            accepted(verb, state, ""),
            ended(verb, "succeeded"),
            json(200, &tenant_json("acme", state)),
        ]);
        let ran = Hands::at(&server).run(&format!("tenant {verb} acme --reason unpaid"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(&format!("status   {state}")), "{}", ran.out);
        assert!(ran.err.contains("  close     succeeded"), "{}", ran.err);
        let seen = &server.seen()[0];
        assert_eq!(
            (seen.target.clone(), seen.body.as_str()),
            (format!("/v1/tenants/acme/{verb}"), r#"{"reason":"unpaid"}"#)
        );
    }
}

#[test]
fn a_change_need_not_be_waited_for() {
    let server = Server::start(vec![accepted("suspend", "suspended", "")]);
    let ran = Hands::at(&server).run("tenant suspend acme --no-wait");
    assert_eq!((ran.code, server.seen().len()), (0, 1));
    assert_eq!(ran.err, format!("next: follow it: `tenantry run watch {RUN}`\n"));
    assert_eq!(server.seen()[0].body, "{}");
}

#[test]
fn nothing_is_destroyed_unasked() {
    let server = Server::start(vec![json(200, &run("create", "succeeded"))]);
    for line in ["tenant delete acme", "tenant purge acme", "run rollback acme"] {
        let ran = Hands::at(&server).run(line);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}");
        assert!(ran.err.contains("Nobody is here to confirm") && ran.err.contains("`--yes`"), "{}", ran.err);
    }
    assert_eq!(server.seen().len(), 1, "the run was looked at, and that is all");
    let server = Server::start(vec![]);
    for typed in ["", "acm\n", "yes\n"] {
        let ran = Hands::at(&server).types(typed).run("tenant purge acme");
        assert_eq!(ran.code, 2, "{typed:?}");
        assert!(
            ran.err.contains("Type acme to go on: ") && ran.err.contains("nothing was done"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_deletion_says_until_when_it_can_be_taken_back() {
    let until = r#","restorable_until":"2026-04-03T12:00:00Z""#;
    let replies = || {
        vec![
            accepted("delete", "deleted", until),
            ended("delete", "succeeded"),
            json(200, &tenant_json("acme", "deleted")),
        ]
    };
    let server = Server::start(replies());
    let ran = Hands::at(&server).types("acme\n").run("tenant delete acme");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("restorable until  2026-04-03T12:00:00Z (in 30 days)"), "{}", ran.out);
    assert!(
        ran.err.contains("Type acme to go on: ") && ran.err.contains("tenantry tenant restore acme"),
        "{}",
        ran.err
    );
    assert_eq!(server.seen()[0].target, "/v1/tenants/acme");
    let server = Server::start(replies());
    let ran = Hands::at(&server).run("tenant delete acme --yes -o json");
    let expected = format!(
        r#"{{"tenant":{},"run":{}{until}}}"#,
        tenant_json("acme", "deleted"),
        run("delete", "succeeded")
    );
    assert_eq!((ran.code, ran.out), (0, format!("{expected}\n")));
}

#[test]
fn a_purged_tenant_is_null() {
    let gone = json(404, r#"{"code":"not_found","detail":"no such tenant"}"#);
    let server = Server::start(vec![accepted("purge", "deleted", ""), ended("purge", "succeeded"), gone]);
    let ran = Hands::at(&server).run("tenant purge acme --yes -o json");
    assert_eq!(
        (ran.code, ran.out),
        (0, format!("{{\"tenant\":null,\"run\":{}}}\n", run("purge", "succeeded")))
    );
    assert_eq!(server.seen()[0].body, r#"{"confirm":"acme"}"#);
}

#[test]
fn a_change_that_failed_tells_by_its_exit_code() {
    for (status, code) in [("rolled_back", 3), ("needs_attention", 4)] {
        let server = Server::start(vec![
            accepted("suspend", "suspended", ""),
            ended("suspend", status),
            json(200, &tenant_json("acme", "active")),
        ]);
        let ran = Hands::at(&server).run("tenant suspend acme");
        assert_eq!(ran.code, code, "{status}");
        assert!(ran.err.contains("the suspend of acme was not done"), "{}", ran.err);
    }
}

#[test]
fn a_refusal_says_what_can_be_done() {
    let problem =
        r#"{"code":"conflict","detail":"The tenant is deleted.","next_steps":["Restore it first."]}"#;
    let server = Server::start(vec![json(409, problem)]);
    let ran = Hands::at(&server).run("tenant suspend acme");
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: The tenant is deleted.\nnext: Restore it first.\n"));
}
