//! The audit commands against a scripted server.

use crate::testing::{Hands, Reply, Server, json, sse, with};
use std::io::Write as _;

fn event(number: u32, sealed: bool) -> String {
    let seq = if sealed { number.to_string() } else { "null".to_owned() };
    let hash = if sealed { "\"ab12\"" } else { "null" };
    format!(
        r#"{{"id":"evt_{number:026}","sealed":{sealed},"seq":{seq},"hash":{hash},"sealed_at":null,"occurred_at":"2026-03-04T11:56:30Z","tenant_id":"ten_00000000000000000000000002","workspace_id":null,"actor_kind":"operator","actor":"operator","action":"step.n{number}","target_kind":"tenant","target":"ten_00000000000000000000000002","request_id":"r-1","address":"192.0.2.7","before":null,"after":{{"a":1}},"added_later":1}}"#
    )
}

fn page(events: &[(u32, bool)], next: Option<&str>) -> Reply {
    let items: Vec<String> = events.iter().map(|(number, sealed)| event(*number, *sealed)).collect();
    let next = next.map_or("null".to_owned(), |cursor| format!("\"{cursor}\""));
    json(200, &format!(r#"{{"items":[{}],"next_cursor":{next}}}"#, items.join(",")))
}

const WRONG: &str = r#"{"chain":"ten_00000000000000000000000002","tenant":"acme","events":7,"head":{"seq":8,"hash":"ab12"},"ok":false,"problems":[{"seq":3,"id":"evt_00000000000000000000000003","kind":"changed","detail":"its hash is not the one of what it says"},{"seq":5,"id":null,"kind":"removed","detail":"event 5 is gone"}],"more_problems":0}"#;
const RIGHT: &str = r#"{"chain":"platform","tenant":null,"events":2,"head":{"seq":2,"hash":"cd34"},"ok":true,"problems":[],"more_problems":0}"#;

#[test]
fn events_are_listed() {
    let server = Server::start(vec![page(&[(3, false), (2, true)], Some("p2"))]);
    let ran = Hands::at(&server)
        .run("audit list --tenant acme --action step. --from 2026-01-01T00:00:00Z --limit 2");
    insta::assert_snapshot!(ran.out, @r"
    SEQ  WHEN       ACTOR     ACTION   TARGET
    -    3 min ago  operator  step.n3  ten_00000000000000000000000002
    2    3 min ago  operator  step.n2  ten_00000000000000000000000002
    ");
    assert_eq!(ran.err, "next: there are more: --cursor p2, or --all\n");
    assert_eq!(
        server.seen()[0].target,
        "/v1/audit-events?tenant=acme&action=step%2E&from=2026-01-01T00%3A00%3A00Z&limit=2"
    );
}

#[test]
fn a_tail_shows_each_event_once() {
    let server = Server::start(vec![
        // Two are known to begin with, one of them not sealed.
        page(&[(2, false), (1, true)], Some("p1")),
        // It is sealed, and there is one more.
        page(&[(3, false), (2, true), (1, true)], None),
        json(503, r#"{"code":"unavailable","title":"Not available right now"}"#),
        // More than fit a page.
        page(&[(7, false), (6, true)], Some("p6")),
        page(&[(5, true), (4, true), (3, true), (2, true)], Some("p2")),
        page(&[(7, true), (6, true)], None),
        json(401, r#"{"code":"unauthenticated","title":"A valid token is required"}"#),
    ]);
    let ran = Hands::at(&server).run("audit tail --tenant acme");
    let told: Vec<_> = ran.out.lines().map(|line| line.split("  ").nth(2).unwrap()).collect();
    assert_eq!(told, ["step.n1", "step.n2", "step.n3", "step.n4", "step.n5", "step.n6", "step.n7"]);
    assert_eq!(ran.code, 1, "it ends when the token does");
    assert_eq!(server.seen()[0].target, "/v1/audit-events?tenant=acme&limit=10");
    assert_eq!(server.seen()[4].target, "/v1/audit-events?tenant=acme&limit=200&cursor=p6");
}

#[test]
fn a_tail_in_json_is_a_line_per_event() {
    let server = Server::start(vec![page(&[(1, true)], None), json(401, r#"{"code":"unauthenticated"}"#)]);
    assert_eq!(Hands::at(&server).run("audit tail -o json").out, format!("{}\n", event(1, true)));
}

#[test]
fn what_is_wrong_is_printed() {
    let server = Server::start(vec![json(200, WRONG), json(200, RIGHT), json(200, WRONG)]);
    let hands = Hands::at(&server);
    let ran = hands.run("audit verify --tenant acme");
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.out, @r"
    chain      acme (ten_00000000000000000000000002)
    events     7
    head       8 ab12
    as sealed  no

    SEQ  WHAT     EVENT                           WHY
    3    changed  evt_00000000000000000000000003  its hash is not the one of what it says
    5    removed  -                               event 5 is gone
    ");
    assert_eq!(hands.run("audit verify").code, 0);
    assert_eq!(hands.run("audit verify --tenant acme -o json").out, format!("{WRONG}\n"));
    assert_eq!(server.seen()[0].target, "/v1/audit-events/verify?tenant=acme");
    assert_eq!(server.seen()[1].target, "/v1/audit-events/verify");
}

#[test]
fn all_chains_are_verified_line_by_line() {
    let (right, wrong) = (format!("{RIGHT}\n"), format!("{WRONG}\n"));
    let server =
        Server::start(vec![sse(&[&right, &wrong], true), sse(&[&right], true), sse(&[&right], false)]);
    let hands = Hands::at(&server);
    let ran = hands.run("audit verify --all");
    assert_eq!((ran.code, ran.err.as_str()), (1, "2 chains with 9 events, 1 not as they were sealed\n"));
    assert!(ran.out.starts_with("chain      acme") && !ran.out.contains("platform"), "{}", ran.out);
    let ran = hands.run("audit verify --all -o json");
    assert_eq!((ran.code, ran.out), (0, right));
    assert_eq!(hands.run("audit verify --all").code, 1, "a list that broke off is not all");
}

#[test]
fn an_export_is_what_the_server_sent() {
    let server = Server::start(vec![sse(&["{\"seq\":1}\n", "{\"seq\":2}\n"], true)]);
    let ran = Hands::at(&server).run("audit export --format JSONL --tenant acme --actor operator");
    assert_eq!((ran.code, ran.out.as_str()), (0, "{\"seq\":1}\n{\"seq\":2}\n"));
    assert_eq!(server.seen()[0].target, "/v1/audit-events/export?format=jsonl&tenant=acme&actor=operator");
}

#[test]
fn an_export_that_breaks_fails() {
    let cut = |stream: &mut std::net::TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcd\n\r\n").unwrap();
    };
    let server = Server::start(vec![with(cut)]);
    let ran = Hands::at(&server).run("audit export --format csv");
    assert_eq!((ran.code, ran.out.as_str()), (1, "abcd\n"));
    assert!(ran.err.contains("broke off before its end"), "{}", ran.err);
}
