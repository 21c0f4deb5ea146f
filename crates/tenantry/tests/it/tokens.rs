//! Access tokens: forged ones, wrong ones, and keys that change.

use crate::{
    people::{bearer, cheap, member, refresh, sign_in, user},
    support::{nowhere, superuser_sees, told},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenantry_core::secrets::{SIGNING_KEY, Vault};
use tenantry_testkit::TestApp;

/// The JSON of a token's part.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap_or_else(|| panic!("a token of few parts"));
    let json = URL_SAFE_NO_PAD.decode(part).unwrap_or_else(|error| panic!("{error}"));
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{error}"))
}

fn der(seed: &[u8]) -> EncodingKey {
    let head =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    EncodingKey::from_ed_der(&[head.as_slice(), seed].concat())
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_else(|error| panic!("{error}"));
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The key that signs, as nobody outside has it.
async fn stolen(app: &TestApp) -> EncodingKey {
    let row =
        superuser_sees(app, "SELECT id || ' ' || encode(private_key, 'hex') FROM public.signing_keys").await;
    let (id, sealed) = row.split_once(' ').unwrap_or_else(|| panic!("no signing key"));
    let seed = Vault::of(&app.database.installation).open(SIGNING_KEY, None, id, &unhex(sealed));
    der(&seed.unwrap_or_else(|error| panic!("{error}")))
}

fn header(of: &str) -> Header {
    let told = part(of, 0);
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = told["typ"].as_str().map(str::to_owned);
    header.kid = told["kid"].as_str().map(str::to_owned);
    header
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.anyone.clone().with_token(Some(token)).get("/v1/me").await.status.as_u16()
}

/// An application, a token of it, and another that is signed alike with other claims.
async fn signed_in() -> (TestApp, String) {
    let app = cheap().start().await;
    user(&app, "ada@acme.example").await;
    let answer = sign_in(&app, "ada@acme.example", json!({})).await;
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}"));
    (app, token.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused() {
    let (app, token) = signed_in().await;
    let refused = told(&app.anyone.clone().with_token(Some("x")).get("/v1/me").await.expect(401));
    let (claims, pieces) = (part(&token, 1), token.split('.').collect::<Vec<_>>());
    let raw = |header: &Value, signature: &str| {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()), pieces[1])
    };
    let kid = part(&token, 0)["kid"].clone();
    let jwks = app.anyone.get("/.well-known/jwks.json").await.expect(200).json;
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let confused = |secret: &[u8]| {
        let header = Header { alg: Algorithm::HS256, ..header(&token) };
        encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let other = encode(&header(&token), &claims, &der(&[7; 32])).unwrap();
    let named = |kid: &str| {
        encode(&Header { kid: Some(kid.to_owned()), ..header(&token) }, &claims, &der(&[7; 32])).unwrap()
    };
    let good = stolen(&app).await;
    let of_header = |header: Header| encode(&header, &claims, &good).unwrap();
    let forged = [
        raw(&json!({"alg": "none", "typ": "at+jwt", "kid": kid}), ""),
        raw(&json!({"alg": "NONE", "typ": "at+jwt", "kid": kid}), pieces[2]),
        raw(&json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}), pieces[2]),
        confused(&public),
        confused(jwks["keys"][0]["x"].as_str().unwrap().as_bytes()),
        other,
        named("../../../dev/null"),
        named("https://evil.example/jwks.json"),
        named("' OR 1=1 --"),
        named(&"a".repeat(3000)),
        named("0123456789abcdef"),
        of_header(Header { kid: None, ..header(&token) }),
        of_header(Header { typ: Some("JWT".to_owned()), ..header(&token) }),
        of_header(Header { typ: None, ..header(&token) }),
        of_header(Header { crit: Some(vec!["exp".to_owned()]), ..header(&token) }),
        format!("{}.{}.", pieces[0], pieces[1]),
        format!("{}.{}", pieces[0], pieces[1]),
        format!("{token}."),
        format!("{}.{}.{}", pieces[0], pieces[1], "A".repeat(86)),
        "..".to_owned(),
    ];
    for forged in forged {
        assert_eq!(
            told(&app.anyone.clone().with_token(Some(&forged)).get("/v1/me").await),
            refused,
            "{forged}"
        );
    }
    assert_eq!(status(&app, &of_header(header(&token))).await, 200, "the key itself does");
    assert_eq!(status(&app, &token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_with_wrong_claims_are_refused() {
    let (app, token) = signed_in().await;
    let key = stolen(&app).await;
    let (claims, now) = (part(&token, 1), part(&token, 1)["iat"].as_i64().unwrap());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims.clone();
        change(&mut claims);
        encode(&header(&token), &claims, &key).unwrap()
    };
    assert_eq!(
        status(&app, &with(&|claims| claims["jti"] = json!("018f3b1c-0000-7000-8000-000000000000"))).await,
        200
    );
    for name in ["exp", "nbf", "iss", "aud", "sub", "iat", "sid", "jti"] {
        let without = with(&|claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_eq!(status(&app, &without).await, 401, "without {name}");
        for wrong in [Value::Null, json!(""), json!({}), json!([]), json!(true)] {
            let token = with(&|claims| claims[name] = wrong.clone());
            assert_eq!(status(&app, &token).await, 401, "{name}: {wrong}");
        }
    }
    for (name, wrong) in [
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(now - 1)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(now + 600)),
        ("iss", json!("http://127.0.0.1:8081")),
        ("iss", json!("http://127.0.0.1:8080/")),
        ("iss", json!(["http://127.0.0.1:8080"])),
        ("aud", json!("other")),
        ("aud", json!(["tenantry", "other"])),
        ("sub", json!("usr_00000000000000000000000007")),
        ("sid", json!("ses_00000000000000000000000007")),
        ("op", json!("admin")),
        ("wid", json!("wsp_00000000000000000000000007")),
    ] {
        let token = with(&|claims| claims[name] = wrong.clone());
        assert_eq!(status(&app, &token).await, 401, "{name}: {wrong}");
    }
    let huge = with(&|claims| claims["more"] = json!("x".repeat(10_000)));
    assert_eq!(status(&app, &huge).await, 401);
    app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(status(&app, &token).await, 401, "its time is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_who_and_where_and_no_more() {
    let (app, token) = signed_in().await;
    let mut names: Vec<String> = part(&token, 1).as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "nbf", "sid", "sub"]);
    app.tenant("acme").await;
    member(&app, "ada@acme.example", ("acme", "default"), "viewer").await;
    let there = sign_in(&app, "ada@acme.example", json!({})).await;
    let claims = part(there["access_token"].as_str().unwrap(), 1);
    let mut names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["aud", "exp", "iat", "iss", "jti", "nbf", "role", "sid", "sub", "tenant", "tid", "tier", "wid"]
    );
    assert_eq!(
        (&claims["aud"], &claims["role"], &claims["tenant"]),
        (&json!("tenantry"), &json!("viewer"), &json!("acme"))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_outlives_its_keys_month() {
    let (app, _) = signed_in().await;
    let keys = async || {
        app.anyone.get("/.well-known/jwks.json").await.expect(200).json["keys"].as_array().unwrap().clone()
    };
    assert_eq!(keys().await.len(), 1);
    let mut answer = sign_in(&app, "ada@acme.example", json!({})).await;
    let kid = |answer: &Value| part(answer["access_token"].as_str().unwrap(), 0)["kid"].clone();
    let first = kid(&answer);
    app.clock.advance(TimeDelta::days(29) + TimeDelta::hours(1));
    answer = app.anyone.post("/v1/auth/refresh", &refresh(&answer)).await.expect(200).json;
    assert_eq!((keys().await.len(), kid(&answer)), (2, first.clone()), "published, and not signing yet");
    app.clock.advance(TimeDelta::hours(23) + TimeDelta::minutes(55));
    let last = app.anyone.post("/v1/auth/refresh", &refresh(&answer)).await.expect(200).json;
    assert_eq!(kid(&last), first);
    app.clock.advance(TimeDelta::minutes(6));
    let next = app.anyone.post("/v1/auth/refresh", &refresh(&last)).await.expect(200).json;
    assert_ne!(kid(&next), first);
    bearer(&app, &last).get("/v1/me").await.expect(200);
    bearer(&app, &next).get("/v1/me").await.expect(200);
    assert_eq!(keys().await.len(), 2);
    app.clock.advance(TimeDelta::minutes(20));
    assert_eq!(keys().await.len(), 1, "nobody has a token of the first any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_make_one_first_key() {
    let app = cheap().start().await;
    let second = cheap().database(&app.database).start().await;
    let path = "/.well-known/jwks.json";
    let (one, two) = tokio::join!(app.anyone.get(path), second.anyone.get(path));
    let one = one.expect(200);
    assert_eq!(one.json, two.expect(200).json);
    assert_eq!(one.headers["cache-control"], "public, max-age=300");
    assert_eq!(one.json["keys"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_looked_for_once() {
    let (app, token) = signed_in().await;
    let strange = |kid: &str| {
        encode(&Header { kid: Some(kid.to_owned()), ..header(&token) }, &part(&token, 1), &der(&[7; 32]))
            .unwrap()
    };
    let lost = cheap().database(&app.database).elsewhere(nowhere()).start().await;
    // Without a database a strange key is not known not to be ours.
    assert_eq!(status(&lost, &strange("0123456789abcdef")).await, 503);
    assert_eq!(status(&lost, &strange("not one of ours")).await, 401);
    let second = cheap().database(&app.database).start().await;
    assert_eq!(status(&second, &token).await, 200);
    // What a server has read holds for five seconds, however many strange names come.
    let key = superuser_sees(&app, "INSERT INTO public.signing_keys (id, algorithm, public_key, private_key, created_at, signs_from)
        SELECT 'fedcba9876543210', 'EdDSA', public_key, private_key, created_at, signs_from FROM public.signing_keys RETURNING id").await;
    let late = encode(&Header { kid: Some(key), ..header(&token) }, &part(&token, 1), &stolen_of(&app).await)
        .unwrap();
    assert_eq!(status(&second, &late).await, 401);
    second.clock.advance(TimeDelta::seconds(6));
    assert_eq!(status(&second, &late).await, 200);
}

/// As [`stolen`], where there are two rows of one key.
async fn stolen_of(app: &TestApp) -> EncodingKey {
    let row = superuser_sees(app, "SELECT id || ' ' || encode(private_key, 'hex') FROM public.signing_keys WHERE id <> 'fedcba9876543210'").await;
    let (id, sealed) = row.split_once(' ').unwrap_or_else(|| panic!("no signing key"));
    let seed = Vault::of(&app.database.installation).open(SIGNING_KEY, None, id, &unhex(sealed));
    der(&seed.unwrap_or_else(|error| panic!("{error}")))
}
