//! Secrets at rest, where they lie: what does not open shows, and a rotation leaves nothing under the old key.

use crate::support::{as_superuser, superuser_sees};
use serde_json::Value;
use tenantry_core::{
    ctx::{Ids, System},
    secrets::{self, Column, MAIL_BODY, SIGNING_KEY, Vault},
};
use tenantry_pg::roles::{MasterKey, hex};
use tenantry_testkit::TestApp;

/// A mail that waits, with this body; its id.
async fn mail(app: &TestApp, seal: impl Fn(&str) -> Vec<u8>) -> String {
    let id = System.uuid().to_string();
    let body = hex(&seal(&id));
    let sql = format!(
        "INSERT INTO public.mails (id, recipient, subject, body, status, run_at, created_at)
         VALUES ('{id}', 'ada@example.com', 'Hello', '\\x{body}', 'pending', now() + interval '1 day', now())"
    );
    as_superuser(app, &sql).await;
    id
}

async fn doctor(app: &TestApp) -> Value {
    let told = app.operator().get("/v1/doctor").await.expect(200).json;
    let checks = told["checks"].as_array().cloned().unwrap_or_default();
    checks.into_iter().find(|check| check["name"] == "secrets").unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_a_secret_that_does_not_open() {
    let app = TestApp::start().await;
    assert_eq!(doctor(&app).await["status"], "ok");
    let vault = app.app.vault.clone();
    mail(&app, |id| vault.seal(MAIL_BODY, None, id, b"a link").unwrap()).await;
    assert_eq!(doctor(&app).await["status"], "ok");
    // Of another record: whoever can write the table could otherwise pass one mail's link off as another's.
    let foreign = mail(&app, |_| vault.seal(MAIL_BODY, None, "another", b"a link").unwrap()).await;
    let check = doctor(&app).await;
    assert_eq!(check["status"], "failing");
    let detail = check["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("cannot be opened: mail {foreign}, key {}", vault.key())), "{detail}");
    assert!(!detail.contains("a link") && check["advice"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_leaves_nothing_under_the_old_key() {
    let app = TestApp::start().await;
    let key = |byte| MasterKey::new([byte; 32]);
    let (old, new) = (Vault::new(&key(1), None), Vault::new(&key(7), None));
    let rotating = Vault::new(&key(7), Some(&key(1)));
    // More than one slice, one that nobody can open, and one that is under the new key already.
    let mut mails = Vec::new();
    for _ in 0..120 {
        mails.push(mail(&app, |id| old.seal(MAIL_BODY, None, id, id.as_bytes()).unwrap()).await);
    }
    let broken = mail(&app, |_| old.seal(MAIL_BODY, None, "another", b"x").unwrap()).await;
    mail(&app, |id| new.seal(MAIL_BODY, None, id, b"x").unwrap()).await;
    let sealed = hex(&old.seal(SIGNING_KEY, None, "k1", b"private").unwrap());
    let insert = format!(
        "INSERT INTO public.signing_keys (id, algorithm, public_key, private_key, created_at, signs_from)
         VALUES ('k1', 'EdDSA', sha256(''), '\\x{sealed}', now(), now())"
    );
    as_superuser(&app, &insert).await;

    let owner = &app.database.placement.owner;
    let check = secrets::check(owner, &rotating).await.unwrap();
    assert!(check.detail.unwrap().contains("121 of them under a previous key"));
    assert_eq!(secrets::rewrap(owner, &rotating).await.unwrap(), 121);
    assert_eq!(secrets::rewrap(owner, &rotating).await.unwrap(), 0, "the second look finds nothing to do");
    let left = format!(
        "SELECT string_agg(id::text, ',') FROM public.mails WHERE substr(body, 2, 8) = '\\x{}'",
        old.key()
    );
    assert_eq!(superuser_sees(&app, &left).await, broken);
    for id in mails {
        let body =
            bytes(&app, &format!("SELECT encode(body, 'hex') FROM public.mails WHERE id = '{id}'")).await;
        assert_eq!(new.open(MAIL_BODY, None, &id, &body).unwrap(), id.as_bytes());
    }
    let private = "SELECT encode(private_key, 'hex') FROM public.signing_keys WHERE id = 'k1'";
    assert_eq!(new.open(SIGNING_KEY, None, "k1", &bytes(&app, private).await).unwrap(), b"private");
}

async fn bytes(app: &TestApp, sql: &str) -> Vec<u8> {
    let text = superuser_sees(app, sql).await;
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sealed_column_is_known() {
    let app = TestApp::start().await;
    let sealed =
        "SELECT string_agg(a.attrelid::regclass || '.' || a.attname, ',' ORDER BY 1) FROM pg_attribute a
         JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
           AND col_description(a.attrelid, a.attnum) LIKE 'Sealed%'";
    let mut found: Vec<String> =
        superuser_sees(&app, sealed).await.split(',').map(|name| name.replace("public.", "")).collect();
    found.sort();
    let mut known: Vec<&str> = Column::ALL.iter().map(|column| column.name()).collect();
    known.sort_unstable();
    assert_eq!(found, known, "a column whose comment begins with Sealed is in secrets::Column");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_lies_open() {
    let app = TestApp::start().await;
    let vault = app.app.vault.clone();
    mail(&app, |id| vault.seal(MAIL_BODY, None, id, b"https://example.com/#token=abc").unwrap()).await;
    let dump = superuser_sees(&app, "SELECT string_agg(encode(body, 'escape'), '') FROM public.mails").await;
    assert!(!dump.is_empty() && !dump.contains("token"));
}
