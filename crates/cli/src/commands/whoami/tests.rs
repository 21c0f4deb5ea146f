//! Tests of who somebody is, each against a scripted server.

use crate::testing::{Hands, Server, json};

#[test]
fn whoami_tells_operators_from_keys() {
    let key = r#"{"kind":"api_key","id":"key_00000000000000000000000001","name":"ci","tenant_id":"ten_00000000000000000000000002","tenant":"acme","plan_tier":"pro","workspace_id":"wsp_00000000000000000000000003","role":"member"}"#;
    let server = Server::start(vec![json(200, r#"{"kind":"operator"}"#), json(200, key), json(200, key)]);
    let hands = Hands::at(&server);
    insta::assert_snapshot!(hands.run("whoami").out, @r"
    server   http://server
    you are  an operator of the platform
    ");
    insta::assert_snapshot!(hands.run("whoami").out, @r"
    server     http://server
    you are    the API key ci (key_00000000000000000000000001)
    tenant     acme (ten_00000000000000000000000002)
    tier       pro
    workspace  wsp_00000000000000000000000003
    role       member
    ");
    assert_eq!(hands.run("-o json whoami").out, format!("{key}\n"));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer test-token"));
}

const PLACE: &str = r#""tenant_id":"ten_00000000000000000000000002","tenant":"acme","workspace_id":"wsp_00000000000000000000000003""#;

fn told(body: &str) -> String {
    Hands::at(&Server::start(vec![json(200, body)])).run("whoami").out
}

#[test]
fn whoami_tells_everybody_apart() {
    let person = r#""id":"usr_00000000000000000000000005","email":"a@acme.example","name":"Ann""#;
    let memberships = format!(
        r#""memberships":[{{{PLACE},"tenant_name":"Acme Inc.","workspace":"sales","role":"admin"}}]"#
    );
    insta::assert_snapshot!(told(&format!(r#"{{"kind":"member",{person},"email_verified":true,{PLACE},"plan_tier":"pro","role":"admin",{memberships}}}"#)), @r"
    server     http://server
    you are    Ann <a@acme.example> (usr_00000000000000000000000005)
    address    verified
    tenant     acme (ten_00000000000000000000000002)
    tier       pro
    workspace  sales (wsp_00000000000000000000000003)
    role       admin

    TENANT  WORKSPACE  ROLE   NAME
    acme    sales      admin  Acme Inc.
    ");
    insta::assert_snapshot!(told(&format!(r#"{{"kind":"user",{person},"email_verified":false,"memberships":[]}}"#)), @r"
    server   http://server
    you are  Ann <a@acme.example> (usr_00000000000000000000000005)
    address  not verified yet
    ");
    insta::assert_snapshot!(told(r#"{"kind":"operator","id":"usr_00000000000000000000000005","email":"o@example.com","role":"support"}"#), @r"
    server   http://server
    you are  o@example.com (usr_00000000000000000000000005), an operator of the platform
    role     support
    ");
    insta::assert_snapshot!(told(&format!(r#"{{"kind":"granted","id":"grt_00000000000000000000000006","operator":"operator:usr_1",{PLACE},"role":"viewer"}}"#)), @r"
    server     http://server
    you are    operator:usr_1, by the access grant grt_00000000000000000000000006
    tenant     acme (ten_00000000000000000000000002)
    workspace  wsp_00000000000000000000000003
    role       viewer
    ");
}
