//! Tests of members, invitations, keys, workspaces, operators, grants and sessions, each against a scripted server.

use crate::testing::{Hands, Ran, Seen, Server, json, nothing};

const USER: &str = "usr_00000000000000000000000005";
const KEY: &str = "key_00000000000000000000000001";
const MEMBER: &str = r#"{"user_id":"usr_00000000000000000000000005","email":"Ann@acme.example","name":"Ann","role":"member","workspace_id":"wsp_00000000000000000000000003","managed_by":null,"version":3,"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z"}"#;
const OPERATOR: &str = r#"{"user_id":"usr_00000000000000000000000005","email":"o@example.com","name":"Olga","role":"support","locked_at":"2026-03-04T11:00:00Z","version":1,"created_at":"2026-03-01T12:00:00Z"}"#;
const WORKSPACE: &str = r#"{"id":"wsp_00000000000000000000000003","slug":"sales","name":"Sales","is_default":false,"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z","archived_at":"2026-03-02T12:00:00Z"}"#;
const INVITATION: &str = r#"{"id":"inv_00000000000000000000000008","email":"bob@acme.example","role":"viewer","workspace_id":"wsp_00000000000000000000000003","status":"open","mailed":false,"created_at":"2026-03-04T12:00:00Z","expires_at":"2026-03-11T12:00:00Z"}"#;
const NEW_KEY: &str = r#"{"id":"key_00000000000000000000000001","name":"ci","key":"tnt_dev_abc_secret_crc","tenant":"acme","workspace_id":"wsp_00000000000000000000000003","role":"member","scopes":["agents:read"],"expires_at":null}"#;

fn page(items: &str) -> String {
    format!(r#"{{"items":[{items}],"next_cursor":null}}"#)
}

/// Runs a line against a server with these answers.
fn run(line: &str, answers: &[(u16, &str)]) -> (Ran, Vec<Seen>) {
    let server = Server::start(answers.iter().map(|(status, body)| json(*status, body)).collect());
    let ran = Hands::at(&server).run(line);
    (ran, server.seen())
}

fn asked(seen: &Seen) -> (String, &str) {
    (format!("{} {}", seen.method, seen.target), &seen.body)
}

#[test]
fn a_member_is_named_by_address_or_id() {
    let (ran, seen) = run("member list", &[(200, &page(MEMBER))]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r"
    USER                            EMAIL             NAME  ROLE    SINCE
    usr_00000000000000000000000005  Ann@acme.example  Ann   member  3 days ago
    ");
    assert_eq!(asked(&seen[0]).0, "GET /v1/members");
    for name in [USER, "ann@ACME.example"] {
        let answers = [(200, page(MEMBER)), (200, MEMBER.replace("member\",\"w", "admin\",\"w"))];
        let answers: Vec<(u16, &str)> =
            answers.iter().map(|(status, text)| (*status, text.as_str())).collect();
        let by_id = usize::from(name == USER);
        let (ran, seen) = run(&format!("member set-role {name} ADMIN"), &answers[by_id..]);
        assert!(ran.code == 0 && ran.out.contains("role       admin"), "{}{}", ran.out, ran.err);
        assert_eq!(asked(seen.last().unwrap()), (format!("PATCH /v1/members/{USER}"), r#"{"role":"admin"}"#));
    }
    let (ran, seen) = run("member remove nobody@acme.example --yes", &[(200, &page(MEMBER))]);
    assert_eq!((ran.code, seen.len()), (1, 1));
    assert_eq!(ran.err, "error: no member has the address nobody@acme.example\n");
}

#[test]
fn all_other_sessions_end_with_one_command() {
    let (ran, seen) = run("session end-others", &[(200, r#"{"ended":2}"#)]);
    assert_eq!((ran.code, ran.err.as_str()), (0, "2 other sessions are over\n"));
    assert_eq!(asked(&seen[0]), ("DELETE /v1/sessions".to_owned(), ""));
}

#[test]
fn a_name_is_looked_for_on_every_page() {
    let first = format!(r#"{{"items":[{}],"next_cursor":"c2"}}"#, MEMBER.replace("Ann@", "other@"));
    let server = Server::start(vec![json(200, &first), json(200, &page(MEMBER)), nothing()]);
    let ran = Hands::at(&server).run("member remove ann@acme.example --yes");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert_eq!(ran.err, "ann@acme.example is no member any more\n");
    let seen = server.seen();
    assert_eq!(asked(&seen[1]).0, "GET /v1/members?limit=200&cursor=c2");
    assert_eq!(asked(&seen[2]), (format!("DELETE /v1/members/{USER}"), ""));
}

#[test]
fn nothing_of_people_is_destroyed_unasked() {
    for line in [
        format!("member remove {USER}"),
        "member leave".to_owned(),
        format!("key revoke {KEY}"),
        format!("key reroll {KEY}"),
        "workspace archive sales".to_owned(),
        format!("operator remove {USER}"),
    ] {
        let server = Server::start(vec![]);
        let ran = Hands::at(&server).run(&line);
        assert_eq!(ran.code, 2, "{line}: {}", ran.err);
        assert!(ran.err.contains("Nobody is here to confirm"), "{line}: {}", ran.err);
        assert_eq!(Hands::at(&server).types("no\n").run(&line).code, 2, "{line}");
    }
    let server = Server::start(vec![nothing(), json(200, "{}")]);
    let ran = Hands::at(&server).types(&format!("{KEY}\n")).run(&format!("key revoke {KEY}"));
    assert!(ran.code == 0 && ran.err.ends_with(&format!("{KEY} is revoked\n")), "{}", ran.err);
    assert_eq!(Hands::at(&server).types("leave\n").run("member leave").code, 0);
    let seen = server.seen();
    assert_eq!(asked(&seen[0]).0, format!("DELETE /v1/api-keys/{KEY}"));
    assert_eq!(asked(&seen[1]), ("POST /v1/members/leave".to_owned(), "{}"));
}

#[test]
fn an_invitation_shows_its_link_once() {
    let linked = INVITATION
        .replace("\"status\"", r#""link":"https://app.example.com/accept-invitation#token=abc","status""#);
    let (ran, seen) = run("invite create bob@acme.example --role VIEWER --hours 24", &[(201, &linked)]);
    insta::assert_snapshot!(ran.out, @r"
    invited    bob@acme.example (inv_00000000000000000000000008)
    role       viewer
    workspace  wsp_00000000000000000000000003
    ends       in 7 days
    link       https://app.example.com/accept-invitation#token=abc
    ");
    assert!(ran.err.starts_with("next: pass the link on now") && !ran.err.contains("abc"), "{}", ran.err);
    let body = r#"{"email":"bob@acme.example","role":"viewer","expires_in_hours":24}"#;
    assert_eq!(asked(&seen[0]), ("POST /v1/invitations".to_owned(), body));
    assert!(seen[0].header("idempotency-key").is_some());
    let (ran, _) =
        run("invite create bob@acme.example", &[(201, &INVITATION.replace("d\":false", "d\":true"))]);
    assert!(!ran.out.contains("link") && ran.err == "the link goes by mail\n", "{}{}", ran.out, ran.err);
    let (ran, seen) = run("invite revoke BOB@acme.example", &[(200, &page(INVITATION)), (200, INVITATION)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(asked(&seen[1]).0, "DELETE /v1/invitations/inv_00000000000000000000000008");
    let gone = page(&INVITATION.replace("open", "accepted"));
    assert!(run("invite revoke bob@acme.example", &[(200, &gone)]).0.err.contains("has no open invitation"));
}

#[test]
fn an_invitation_is_accepted_by_its_link() {
    let joined = r#"{"user_id":"usr_00000000000000000000000005","tenant_id":"ten_00000000000000000000000002","tenant":"acme","tenant_name":"Acme Inc.","workspace_id":"wsp_00000000000000000000000003","workspace":"sales","role":"viewer"}"#;
    let server = Server::start(vec![json(200, joined), json(200, joined), json(200, joined)]);
    let link = "https://app.example.com/accept-invitation#token=abc";
    let stranger = Hands::new().var("TENANTRY_URL", server.url());
    let ran = stranger.types(&format!("{link}\nhunter2\nhunter2\n")).run("invite accept --name Bob");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("workspace  sales") && ran.err.contains("tenantry login --tenant acme"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("abc") && !ran.err.contains("hunter2"), "{}", ran.err);
    let known = Hands::new().var("TENANTRY_URL", server.url()).pipes(&format!("{link}\nhunter2\n"));
    assert_eq!(known.run("invite accept").code, 0);
    assert_eq!(Hands::at(&server).pipes("abc").run("invite accept --as-me").code, 0);
    let seen = server.seen();
    assert_eq!(asked(&seen[0]).0, "POST /v1/auth/accept-invitation");
    assert_eq!(seen[0].body, r#"{"token":"abc","password":"hunter2","name":"Bob"}"#);
    assert_eq!(
        (seen[1].body.as_str(), seen[1].header("authorization")),
        (r#"{"token":"abc","password":"hunter2"}"#, None)
    );
    assert_eq!(
        (seen[2].body.as_str(), seen[2].header("authorization")),
        (r#"{"token":"abc"}"#, Some("Bearer test-token"))
    );
    let differ = Hands::new().var("TENANTRY_URL", server.url()).types("abc\nhunter2\nhunter3\n");
    assert!(differ.run("invite accept --name Bob").err.contains("not the same"));
}

#[test]
fn ones_own_key_needs_no_tenant() {
    let line = "key create --name ci --scope agents:read --expires 2027-01-31T00:00:00Z";
    let (ran, seen) = run(line, &[(201, NEW_KEY)]);
    assert!(ran.code == 0 && ran.out.contains("scopes     agents:read"), "{}{}", ran.out, ran.err);
    let body = r#"{"name":"ci","expires_at":"2027-01-31T00:00:00Z","scopes":["agents:read"]}"#;
    assert_eq!(asked(&seen[0]), ("POST /v1/api-keys".to_owned(), body));
    let (ran, seen) = run(&format!("key reroll {KEY} --overlap-minutes 60"), &[(201, NEW_KEY)]);
    assert!(ran.code == 0 && ran.out.starts_with("key        tnt_dev_abc"), "{}", ran.err);
    assert_eq!(asked(&seen[0]), (format!("POST /v1/api-keys/{KEY}/reroll"), r#"{"overlap_minutes":60}"#));
}

#[test]
fn a_list_of_keys_tells_which_still_work() {
    let key = |id: u8, more: &str| {
        format!(
            r#"{{"id":"key_0000000000000000000000000{id}","name":"ci","public_id":"0a0a0a0a0a0a0a0a","workspace_id":"wsp_00000000000000000000000003","role":"member","scopes":[],"created_by":null,"created_at":"2026-03-01T12:00:00Z",{more},"replaced_by":null}}"#
        )
    };
    let keys = page(&format!(
        "{},{},{}",
        key(1, r#""expires_at":null,"last_used_at":"2026-03-04T11:55:00Z","revoked_at":null"#),
        key(2, r#""expires_at":"2026-03-04T13:00:00Z","last_used_at":null,"revoked_at":null"#),
        key(
            3,
            r#""expires_at":"2026-03-04T13:00:00Z","last_used_at":null,"revoked_at":"2026-03-04T11:00:00Z""#
        ),
    ));
    insta::assert_snapshot!(run("key list", &[(200, &keys)]).0.out, @r"
    KEY                             PUBLIC ID         NAME  ROLE    USED       ENDS
    key_00000000000000000000000001  0a0a0a0a0a0a0a0a  ci    member  5 min ago  never
    key_00000000000000000000000002  0a0a0a0a0a0a0a0a  ci    member  never      in 1 h
    key_00000000000000000000000003  0a0a0a0a0a0a0a0a  ci    member  never      revoked 1 h ago
    ");
}

#[test]
fn a_key_is_recognised_offline() {
    let body = format!("tnt_live_{}_{}", "0a".repeat(8), "7f".repeat(32));
    let key = format!("{body}_{}", tenantry_types::key::KeyShape::checksum(&body));
    let ran = Hands::new().pipes(&format!("  {key}\n")).run("key check");
    assert_eq!((ran.code, ran.out.as_str()), (0, "environment  live\npublic id    0a0a0a0a0a0a0a0a\n"));
    assert!(!ran.err.contains("7f7f"), "{}", ran.err);
    let ran = Hands::new().pipes(&key.replace("7f", "7e")).run("key check");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("no API key") && !ran.err.contains("7e7e"), "{}", ran.err);
    assert_eq!(Hands::new().run("key check").code, 2);
}

#[test]
fn a_workspace_is_named_by_slug_or_id() {
    let (ran, seen) = run("workspace list --archived", &[(200, &page(WORKSPACE))]);
    insta::assert_snapshot!(ran.out, @r"
    WORKSPACE                       SLUG   NAME   CREATED     STATE
    wsp_00000000000000000000000003  sales  Sales  3 days ago  archived
    ");
    assert_eq!(asked(&seen[0]).0, "GET /v1/workspaces?archived=true");
    let id = "wsp_00000000000000000000000003";
    for (line, body) in [
        ("rename sales Vertrieb", r#"{"name":"Vertrieb"}"#),
        ("archive sales --yes", r#"{"archived":true}"#),
        ("unarchive sales", r#"{"archived":false}"#),
        ("set-default sales", r#"{"is_default":true}"#),
    ] {
        let (ran, seen) = run(&format!("workspace {line}"), &[(200, &page(WORKSPACE)), (200, WORKSPACE)]);
        assert_eq!(ran.code, 0, "{line}: {}", ran.err);
        assert_eq!(asked(&seen[0]).0, "GET /v1/workspaces?archived=true");
        assert_eq!(asked(&seen[1]), (format!("PATCH /v1/workspaces/{id}"), body));
    }
    let (ran, seen) = run(&format!("workspace rename {id} Sales"), &[(200, WORKSPACE)]);
    assert_eq!((ran.code, seen.len()), (0, 1));
    let (_, seen) = run("workspace create sales --name Sales", &[(201, WORKSPACE)]);
    assert_eq!(asked(&seen[0]), ("POST /v1/workspaces".to_owned(), r#"{"slug":"sales","name":"Sales"}"#));
}

#[test]
fn an_operator_is_made_with_a_first_password() {
    let server = Server::start(vec![json(201, OPERATOR), json(201, OPERATOR), json(201, OPERATOR)]);
    let line = "operator create o@example.com --name Olga --role support";
    let ran = Hands::at(&server).types("hunter2\nhunter2\n").run(line);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("locked    1 h ago") && !ran.err.contains("hunter2"), "{}{}", ran.out, ran.err);
    assert_eq!(Hands::at(&server).pipes("hunter3\n").run(&format!("{line} --password-stdin")).code, 0);
    assert_eq!(Hands::at(&server).run(line).code, 0);
    assert!(Hands::at(&server).types("hunter2\nhunter3\n").run(line).err.contains("not the same"));
    let passwords: Vec<serde_json::Value> = server
        .seen()
        .iter()
        .map(|seen| serde_json::from_str::<serde_json::Value>(&seen.body).unwrap()["password"].clone())
        .collect();
    assert_eq!(passwords, ["hunter2".into(), "hunter3".into(), serde_json::Value::Null]);
}

#[test]
fn operators_are_changed_by_address() {
    for (line, body) in [
        ("set-role O@example.com auditor", r#"{"role":"auditor"}"#),
        ("unlock o@example.com", r#"{"locked":false}"#),
    ] {
        let (ran, seen) = run(&format!("operator {line}"), &[(200, &page(OPERATOR)), (200, OPERATOR)]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(asked(&seen[1]), (format!("PATCH /v1/operators/{USER}"), body));
    }
    let (ran, _) = run("operator list", &[(200, &page(OPERATOR))]);
    assert!(ran.out.contains("o@example.com") && ran.out.contains("1 h ago"), "{}", ran.out);
    let (ran, seen) = run("operator remove o@example.com --yes", &[(200, &page(OPERATOR)), (200, "{}")]);
    assert_eq!((ran.code, asked(&seen[1]).0), (0, format!("DELETE /v1/operators/{USER}")));
}

#[test]
fn a_grants_token_is_shown_once() {
    let grant = r#"{"id":"grt_00000000000000000000000006","operator":"operator:usr_1","reason":"ticket 7","tenant":"acme","workspace_id":"wsp_00000000000000000000000003","role":"viewer","created_at":"2026-03-04T12:00:00Z","expires_at":"2026-03-04T12:30:00Z","ended_at":null,"token":"tng_secret"}"#;
    let server = Server::start(vec![json(201, grant), json(200, &page(grant)), nothing()]);
    let hands = Hands::at(&server);
    let ran = hands.run("access-grant create acme --reason ticket --role viewer --minutes 30");
    assert!(
        ran.out.starts_with("token      tng_secret\n") && ran.out.contains("ends       in 30 min"),
        "{}",
        ran.out
    );
    assert!(!ran.err.contains("tng_secret"), "{}", ran.err);
    let ran = hands.run("access-grant list --tenant acme");
    assert!(ran.out.contains("ticket 7") && !ran.out.contains("tng_"), "{}", ran.out);
    assert_eq!(hands.run("access-grant end grt_00000000000000000000000006").code, 0);
    let seen = server.seen();
    let body = r#"{"reason":"ticket","role":"viewer","minutes":30}"#;
    assert_eq!(asked(&seen[0]), ("POST /v1/tenants/acme/access-grants".to_owned(), body));
    assert_eq!(asked(&seen[1]).0, "GET /v1/access-grants?tenant=acme");
    assert_eq!(asked(&seen[2]).0, "DELETE /v1/access-grants/grt_00000000000000000000000006");
}

#[test]
fn sessions_are_listed_and_ended() {
    let session = r#"{"id":"ses_00000000000000000000000004","kind":"token","current":true,"created_at":"2026-03-04T11:00:00Z","seen_at":"2026-03-04T11:59:00Z","expires_at":"2026-04-03T11:00:00Z","address":"192.0.2.7","user_agent":"tenantry-cli/0.1.0"}"#;
    let server = Server::start(vec![json(200, &page(session)), nothing()]);
    let hands = Hands::at(&server);
    insta::assert_snapshot!(hands.run("session list").out, @r"
    SESSION                         KEPT BY  SEEN       ENDS        FROM
    ses_00000000000000000000000004  token    1 min ago  in 29 days  192.0.2.7  this one
    ");
    let ran = hands.run("session end ses_00000000000000000000000004");
    assert_eq!((ran.code, ran.err.as_str()), (0, "session ses_00000000000000000000000004 is over\n"));
    assert_eq!(asked(&server.seen()[1]).0, "DELETE /v1/sessions/ses_00000000000000000000000004");
}

#[test]
fn a_lost_link_of_the_owner_is_made_anew() {
    let made = r#"{"email":"a@acme.example","url":"https://acme.example/accept-invitation#token=t0ken","expires_at":"2026-03-11T12:00:00Z"}"#;
    let (ran, seen) = run("tenant invite-owner acme", &[(201, made)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(asked(&seen[0]), ("POST /v1/tenants/acme/owner-invitation".to_owned(), "{}"));
    assert!(ran.out.contains("https://acme.example/accept-invitation#token=t0ken"), "{}", ran.out);
    assert!(ran.out.contains("a@acme.example") && !ran.err.contains("t0ken"), "{}", ran.err);
}

#[test]
fn a_tenant_is_changed_in_part() {
    let tenant = crate::testing::tenant_json("acme", "active");
    for (flags, body) in [
        ("--name Acme2 --admin-email b@acme.example", r#"{"name":"Acme2","admin_email":"b@acme.example"}"#),
        ("--domain a.example --domain b.example", r#"{"allowed_domains":["a.example","b.example"]}"#),
        ("--no-domains", r#"{"allowed_domains":[]}"#),
        ("--join-role Member", r#"{"domain_join_role":"member"}"#),
        ("--join-role none", r#"{"domain_join_role":null}"#),
        ("--tier PRO", r#"{"plan_tier":"pro"}"#),
        ("--max-agents 0 --as-tier tasks", r#"{"max_agents":0,"max_tasks_per_month":null}"#),
        ("--as-tier Storage", r#"{"storage_limit_gb":null}"#),
    ] {
        let (ran, seen) = run(&format!("tenant update acme {flags}"), &[(200, &tenant)]);
        assert_eq!(ran.code, 0, "{flags}: {}", ran.err);
        assert_eq!(asked(&seen[0]), ("PATCH /v1/tenants/acme".to_owned(), body));
    }
    let (ran, seen) = run("tenant update acme --max-agents 5 --as-tier agents", &[]);
    assert_eq!((ran.code, seen.len()), (2, 0), "{}", ran.err);
}
