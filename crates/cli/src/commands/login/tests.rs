//! Tests of logging in and out, each against a scripted server.

use crate::testing::{Folder, Hands, Server, json, nothing, signed_in_json};

const REFUSED: &str = r#"{"code":"bad_credentials","detail":"E-mail address or password are wrong."}"#;

fn kept(home: &Folder) -> serde_json::Value {
    let text = std::fs::read_to_string(home.path().join("tenantry/credentials.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn body(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_password_is_typed_and_never_printed() {
    let home = Folder::new();
    let server =
        Server::start(vec![json(200, &signed_in_json("1")), json(200, &signed_in_json("2")), nothing()]);
    let hands = Hands::at(&server).at_home(&home).types("a@acme.example\nhunter2\n");
    let ran = hands.run("login --tenant acme --workspace sales");
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r"
    server     http://server
    user       usr_00000000000000000000000005
    tenant     acme
    workspace  wsp_00000000000000000000000003
    session    ses_00000000000000000000000004
    ");
    assert!(
        ran.err.starts_with("E-mail address: Password of a@acme.example at http://server: \nkept in "),
        "{}",
        ran.err
    );
    let seen = &server.seen()[0];
    assert_eq!((seen.target.as_str(), seen.header("authorization")), ("/v1/auth/login", None));
    assert_eq!(
        body(&seen.body),
        serde_json::json!({"email": "a@acme.example", "password": "hunter2", "tenant": "acme", "workspace": "sales"})
    );
    let entry = &kept(&home)["servers"][server.url()];
    assert_eq!((&entry["access_token"], &entry["refresh_token"]), (&"access-1".into(), &"refresh-1".into()));
    assert_eq!(entry["expires_at"], "2026-03-04T12:15:00Z");
    let again =
        hands.types("hunter2\n").run("login --email a@acme.example --operator --password-stdin -o json");
    assert_eq!(body(&server.seen()[1].body)["operator"], true);
    for text in [&ran.out, &ran.err, &again.out, &again.err] {
        assert!(
            !text.contains("hunter2") && !text.contains("access-") && !text.contains("refresh-"),
            "{text}"
        );
    }
    assert_eq!(body(&again.out)["session_id"], "ses_00000000000000000000000004");
}

#[test]
fn another_login_ends_the_session_before() {
    let home = Folder::new();
    let unavailable = r#"{"code":"unavailable","detail":"in a moment"}"#;
    let server = Server::start(vec![
        json(200, &signed_in_json("1")),
        json(200, &signed_in_json("2")),
        nothing(),
        json(200, &signed_in_json("3")),
        json(503, unavailable),
    ]);
    let hands = Hands::at(&server).at_home(&home).pipes("hunter2\n");
    for mark in ["1", "2", "3"] {
        let ran = hands.run("login --email a@acme.example");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(kept(&home)["servers"][server.url()]["refresh_token"], format!("refresh-{mark}"));
        assert_eq!(ran.err.contains("the session before was not ended (in a moment)"), mark == "3");
    }
    let ended: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.target == "/v1/auth/logout")
        .map(|seen| seen.body)
        .collect();
    assert_eq!(ended, [r#"{"refresh_token":"refresh-1"}"#, r#"{"refresh_token":"refresh-2"}"#]);
}

#[test]
fn a_refused_password_keeps_nothing() {
    let home = Folder::new();
    let server = Server::start(vec![json(401, REFUSED)]);
    let ran = Hands::at(&server).at_home(&home).pipes("wrong\n").run("login --email a@acme.example");
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: E-mail address or password are wrong.\n"));
    assert!(!home.path().join("tenantry/credentials.json").exists());
}

#[test]
fn where_nobody_can_be_asked_it_says_how() {
    let home = Folder::new();
    let server = Server::start(vec![]);
    let hands = Hands::at(&server).at_home(&home);
    for (line, word) in [("login", "`--email`"), ("login --email a@acme.example", "standard input")] {
        let ran = hands.run(line);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(word), "{}", ran.err);
    }
    let ran = Hands::at(&server).pipes("hunter2\n").run("login --email a@acme.example");
    assert!(ran.code == 2 && ran.err.contains("set HOME or XDG_CONFIG_HOME"), "{}", ran.err);
}

#[test]
fn the_variable_that_comes_first_is_named() {
    let home = Folder::new();
    let server = Server::start(vec![json(200, &signed_in_json("1"))]);
    let hands = Hands::at(&server).at_home(&home).var("TENANTRY_TOKEN", "mine").pipes("hunter2\n");
    assert!(hands.run("login --email a@acme.example").err.contains("TENANTRY_TOKEN is set"));
}

#[test]
fn logging_out_ends_the_session_and_forgets_it() {
    let home = Folder::new();
    let unavailable = r#"{"code":"unavailable","detail":"in a moment"}"#;
    let server = Server::start(vec![json(200, &signed_in_json("1")), json(503, unavailable), nothing()]);
    let hands = Hands::at(&server).at_home(&home).pipes("hunter2\n");
    assert_eq!(hands.run("login --email a@acme.example").code, 0);
    let ran = hands.run("logout");
    assert!(ran.code == 1 && ran.err.contains("the session holds"), "{}", ran.err);
    assert!(kept(&home)["servers"][server.url()].is_object());
    let ran = hands.run("logout");
    assert_eq!((ran.code, ran.err.as_str()), (0, "logged out at http://server\n"));
    assert_eq!(server.seen()[2].body, r#"{"refresh_token":"refresh-1"}"#);
    assert_eq!(kept(&home), serde_json::json!({"current": null, "servers": {}}));
    assert_eq!(hands.run("logout").err, "nobody is logged in at http://server\n");
}

#[test]
fn a_switch_is_kept_for_every_later_token() {
    let home = Folder::new();
    let switched = signed_in_json("2").replace(r#""refresh_token":"refresh-2","#, "");
    let server = Server::start(vec![
        json(200, &signed_in_json("1")),
        json(200, &switched),
        json(200, &signed_in_json("3")),
        json(200, r#"{"kind":"operator"}"#),
    ]);
    let hands = Hands::at(&server).at_home(&home).pipes("hunter2\n");
    assert_eq!(hands.run("login --email a@acme.example").code, 0);
    assert_eq!(hands.run("switch acme sales").code, 0);
    let entry = &kept(&home)["servers"][server.url()];
    assert_eq!((&entry["access_token"], &entry["refresh_token"]), (&"access-2".into(), &"refresh-1".into()));
    assert_eq!(hands.later(chrono::TimeDelta::hours(1)).run("whoami").code, 0);
    let seen = server.seen();
    assert_eq!(
        (seen[1].target.as_str(), seen[1].header("authorization")),
        ("/v1/auth/switch-workspace", Some("Bearer access-1"))
    );
    assert_eq!(body(&seen[1].body), serde_json::json!({"tenant": "acme", "workspace": "sales"}));
    assert_eq!(
        body(&seen[2].body),
        serde_json::json!({"refresh_token": "refresh-1", "tenant": "acme", "workspace": "sales"})
    );
}

#[test]
fn a_token_for_one_place_cannot_switch() {
    let server = Server::start(vec![]);
    let ran = Hands::at(&server).run("switch acme");
    assert!(ran.code == 1 && ran.err.contains("only a session"), "{}", ran.err);
}
