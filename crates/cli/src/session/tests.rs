//! Tests of a sign-in at work, each against a scripted server.

use crate::testing::{Folder, Hands, Server, closed_port, json, signed_in_json};
use chrono::TimeDelta;

const OPERATOR: &str = r#"{"kind":"operator"}"#;
const OVER: &str = r#"{"code":"unauthenticated","detail":"The token is not valid."}"#;

/// Hands that have logged in at a server which has these answers left, and what is kept where.
fn logged_in(home: &Folder, replies: Vec<crate::testing::Reply>) -> (Server, Hands) {
    let first = json(200, &signed_in_json("1"));
    let server = Server::start(std::iter::once(first).chain(replies).collect());
    let hands = Hands::at(&server).at_home(home);
    let hands = hands.pipes("hunter2\n");
    assert_eq!(hands.run("login --email a@acme.example").code, 0);
    (server, hands)
}

fn kept(home: &Folder) -> String {
    std::fs::read_to_string(home.path().join("tenantry/credentials.json")).unwrap()
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let home = Folder::new();
    let replies = vec![json(200, OPERATOR), json(200, &signed_in_json("2")), json(200, OPERATOR)];
    let (server, hands) = logged_in(&home, replies);
    let hands = hands.later(TimeDelta::seconds(840));
    assert_eq!(hands.run("whoami").code, 0);
    let hands = hands.later(TimeDelta::seconds(1));
    assert_eq!(hands.run("whoami").code, 0);
    let seen = server.seen();
    let carried = |at: usize| seen[at].header("authorization");
    assert_eq!((carried(0), carried(1)), (None, Some("Bearer access-1")), "a minute is enough");
    assert_eq!(
        (seen[2].target.as_str(), seen[2].body.as_str(), carried(2)),
        ("/v1/auth/refresh", r#"{"refresh_token":"refresh-1","tenant":"acme"}"#, None)
    );
    assert_eq!(carried(3), Some("Bearer access-2"));
    assert!(kept(&home).contains("refresh-2") && !kept(&home).contains("refresh-1"));
}

#[test]
fn a_long_command_outlives_its_token() {
    let home = Folder::new();
    let page = r#"{"items":[],"next_cursor":null}"#;
    let mut replies: Vec<_> = (0..60).map(|_| json(200, page)).collect();
    // `audit tail` looks every second, and this time a token lasts for a minute and a half.
    replies.insert(31, json(200, &signed_in_json("2")));
    replies.insert(40, json(403, r#"{"code":"forbidden","detail":"enough"}"#));
    let first = json(200, &signed_in_json("1").replace(":900", ":90"));
    let server = Server::start(std::iter::once(first).chain(replies).collect());
    let hands = Hands::at(&server).at_home(&home).pipes("hunter2\n");
    assert_eq!(hands.run("login --email a@acme.example").code, 0);
    assert!(hands.run("audit tail").err.contains("enough"));
    let seen = server.seen();
    let at = seen.iter().position(|seen| seen.target == "/v1/auth/refresh").unwrap();
    assert_eq!(seen[at - 1].header("authorization"), Some("Bearer access-1"));
    assert_eq!(seen[at + 1].header("authorization"), Some("Bearer access-2"));
}

#[test]
fn two_commands_renew_once() {
    let home = Folder::new();
    let replies = vec![json(200, &signed_in_json("2")), json(200, OPERATOR), json(200, OPERATOR)];
    let (server, hands) = logged_in(&home, replies);
    let hands = hands.later(TimeDelta::hours(1));
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| hands.run("whoami")));
        for ran in both {
            let ran = ran.join().unwrap();
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
    });
    let renewals = server.seen().iter().filter(|seen| seen.target == "/v1/auth/refresh").count();
    assert_eq!(renewals, 1);
}

#[test]
fn a_refused_session_is_forgotten() {
    let home = Folder::new();
    let (_server, hands) = logged_in(&home, vec![json(401, OVER)]);
    let hands = hands.later(TimeDelta::hours(1));
    let ran = hands.run("whoami");
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "error: the session at http://server is over\nnext: log in again: `tenantry login`\n")
    );
    assert!(!kept(&home).contains("refresh-1"));
    assert!(
        hands
            .run("whoami")
            .err
            .starts_with("error: no token for http://server\nnext: log in: `tenantry login`\n")
    );
}

#[test]
fn an_outage_keeps_the_session() {
    let home = Folder::new();
    let refusals = vec![
        json(503, r#"{"code":"unavailable","detail":"in a moment"}"#),
        json(403, r#"{"code":"tenant_inactive","detail":"The tenant is suspended."}"#),
    ];
    let (_server, hands) = logged_in(&home, refusals);
    let hands = hands.later(TimeDelta::hours(1));
    for word in ["in a moment", "suspended.\nnext: log in again to work elsewhere"] {
        let ran = hands.run("whoami");
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(word), "{}", ran.err);
        assert!(kept(&home).contains("refresh-1"));
    }
}

#[test]
fn a_session_stays_with_its_server() {
    let home = Folder::new();
    let (_server, hands) = logged_in(&home, vec![]);
    let ran = hands.run(&format!("whoami --url {}", closed_port()));
    assert!(ran.err.starts_with("error: no token for "), "{}", ran.err);
}

/// What was revoked elsewhere is told apart from a wrong token of the environment.
#[test]
fn a_session_that_ended_elsewhere_asks_for_a_login() {
    let home = Folder::new();
    let (_server, hands) = logged_in(&home, vec![json(401, OVER)]);
    let ran = hands.run("whoami");
    assert_eq!(ran.err, "error: The token is not valid.\nnext: log in again: `tenantry login`\n");
}
