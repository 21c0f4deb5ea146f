//! An issuer on this machine: signs real tokens, publishes and rotates its keys over HTTP, counts who asks, and goes away when told to.
//!
//! Owns: nothing. Calls: openssl, once, for an RSA key. Called by: tests. After a crash: its port closes with the process.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
    routing::get,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use std::{
    process::Command,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::TcpListener;

/// What the issuer answers when it is asked for its keys.
#[derive(Debug, Clone, Default)]
enum Mood {
    #[default]
    Well,
    Away,
    Elsewhere(String),
    Saying(String),
}

#[derive(Default)]
struct Inner {
    keys: Mutex<Vec<Value>>,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    url: OnceLock<String>,
}

/// An issuer. Cheap to clone.
#[derive(Clone)]
pub struct TestIssuer(Arc<Inner>);

impl TestIssuer {
    /// Listens on loopback, with no keys.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().unwrap_or_else(|error| panic!("{error}")).port();
        let inner = Arc::new(Inner::default());
        inner.url.get_or_init(|| format!("http://127.0.0.1:{port}"));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/.well-known/jwks.json", get(jwks))
            .with_state(Arc::clone(&inner));
        tenantry_pg::task::detached(async move { axum::serve(listener, router).await });
        Self(inner)
    }

    /// Its `iss`.
    pub fn url(&self) -> &str {
        self.0.url.get().map_or("", String::as_str)
    }

    /// Shows these keys and no others from now on.
    pub fn publish(&self, keys: &[&TestKey]) {
        self.publish_raw(keys.iter().map(|key| key.jwk()).collect());
    }

    /// The same, whatever they are.
    pub fn publish_raw(&self, keys: Vec<Value>) {
        *self.0.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// Answers 503 from now on.
    pub fn go_away(&self) {
        self.become_(Mood::Away);
    }

    /// Sends whoever asks for its keys there.
    pub fn send_to(&self, url: &str) {
        self.become_(Mood::Elsewhere(url.to_owned()));
    }

    /// Answers with that text.
    pub fn say(&self, text: &str) {
        self.become_(Mood::Saying(text.to_owned()));
    }

    /// Answers as it should again.
    pub fn come_back(&self) {
        self.become_(Mood::Well);
    }

    fn become_(&self, mood: Mood) {
        *self.0.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> impl IntoResponse {
    let url = inner.url.get().cloned().unwrap_or_default();
    json!({"issuer": url, "jwks_uri": format!("{url}/.well-known/jwks.json")}).to_string()
}

async fn jwks(State(inner): State<Arc<Inner>>) -> impl IntoResponse {
    inner.asked.fetch_add(1, Ordering::SeqCst);
    let mood = inner.mood.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match mood {
        Mood::Well => {
            let keys = inner.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
            json!({"keys": keys}).to_string().into_response()
        }
        Mood::Away => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Elsewhere(url) => Redirect::temporary(&url).into_response(),
        Mood::Saying(text) => text.into_response(),
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key of an issuer, both halves.
pub struct TestKey {
    id: String,
    pair: Pair,
}

/// RSA keys take long to make: one serves every test of the process.
static RSA: OnceLock<Vec<u8>> = OnceLock::new();

fn rsa() -> Vec<u8> {
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
    let made =
        Command::new("openssl").args(arguments).output().unwrap_or_else(|error| panic!("openssl: {error}"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

impl TestKey {
    /// RSA of 2048 bits; the same key under whatever id.
    pub fn rsa(id: &str) -> Self {
        let made = RSA.get_or_init(rsa);
        // Which of both forms it writes depends on the version of openssl.
        let pair = RsaKeyPair::from_pkcs8(made).or_else(|_| RsaKeyPair::from_der(made));
        let pair = pair.unwrap_or_else(|error| panic!("{error}"));
        Self { id: id.to_owned(), pair: Pair::Rsa(pair) }
    }

    /// A fresh key on P-256.
    pub fn p256(id: &str) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap_or_else(|error| panic!("{error}"));
        let pair =
            EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap_or_else(|error| panic!("{error}"));
        Self { id: id.to_owned(), pair: Pair::Ec(pair) }
    }

    /// A fresh key on Curve25519.
    pub fn ed25519(id: &str) -> Self {
        let made =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap_or_else(|error| panic!("{error}"));
        let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap_or_else(|error| panic!("{error}"));
        Self { id: id.to_owned(), pair: Pair::Ed(pair) }
    }

    /// The public half, as issuers publish it.
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kid": self.id, "kty": "RSA", "use": "sig", "n": text(&n), "e": text(&e)})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kid": self.id, "kty": "EC", "crv": "P-256", "alg": "ES256", "x": text(x), "y": text(y)})
            }
            Pair::Ed(pair) => {
                json!({"kid": self.id, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": text(pair.public_key().as_ref())})
            }
        }
    }

    /// What its tokens name as their algorithm.
    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// A token.
    pub fn token(&self, claims: &Value) -> String {
        self.token_as(&json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"}), claims)
    }

    /// A token with whatever header; signed as the key signs, or as PS256 where the header says so.
    pub fn token_as(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let done = if header["alg"] == "PS256" {
                    pair.sign(&RSA_PSS_SHA256, &random, signed.as_bytes(), &mut signature)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
                };
                done.unwrap_or_else(|error| panic!("{error}"));
                signature
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, signed.as_bytes());
                signature.unwrap_or_else(|error| panic!("{error}")).as_ref().to_vec()
            }
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A webhook's secret, as its file holds it.
pub fn webhook_secret(seed: u8) -> String {
    format!("whsec_{}", STANDARD.encode([seed; 24]))
}

/// The `svix-signature` of a delivery.
pub fn sign_webhook(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    let bytes =
        STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_else(|error| panic!("{error}"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let signature = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signature.as_ref()))
}
