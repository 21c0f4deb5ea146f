//! One user of the load: what they do, one after the other, and how long each took.

use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tenantry_testkit::{Answer, OPERATOR, Wire};
use tokio::time::Instant;

pub(crate) const PASSWORD: &str = "vexing-plum-orbit-42-kettle";

/// What argon2 is part of: not judged by the contract.
pub(crate) const APART: [&str; 1] = ["POST auth/login"];

/// A tenant, and who owns it.
pub(crate) struct Home {
    pub(crate) slug: String,
    pub(crate) email: String,
    pub(crate) workspace: Value,
    pub(crate) key: String,
}

/// Milliseconds by kind of operation, and what went wrong.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) took: BTreeMap<&'static str, Vec<f64>>,
    pub(crate) errors: Vec<String>,
}

impl Log {
    pub(crate) fn of(error: String) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        for (name, took) in other.took {
            self.took.entry(name).or_default().extend(took);
        }
        self.errors.extend(other.errors);
        self
    }
}

/// Whose credential a request bears.
#[derive(Clone, Copy)]
enum As {
    Person,
    Key,
    Operator,
    Nobody,
}

/// Somebody who is signed in, with a connection of their own.
pub(crate) struct User {
    number: usize,
    home: Arc<Home>,
    wire: Wire,
    token: String,
    refresh: String,
    pause: Duration,
    asked: usize,
    log: Log,
}

type Done<T> = Result<T, String>;

impl User {
    pub(crate) async fn enter(number: usize, home: Arc<Home>, address: SocketAddr) -> Done<Self> {
        let wire = Wire::open(address).await.map_err(|error| format!("no connection: {error}"))?;
        let (token, refresh) = (String::new(), String::new());
        let mut user =
            Self { number, home, wire, token, refresh, pause: Duration::ZERO, asked: 0, log: Log::default() };
        user.sign_in().await?;
        Ok(user)
    }

    /// Comes again when everybody is in: a server may put away a connection on which nothing was asked for so long.
    pub(crate) async fn again(mut self, address: SocketAddr) -> Done<Self> {
        self.wire = Wire::open(address).await.map_err(|error| format!("no connection: {error}"))?;
        Ok(self)
    }

    /// Does everything again and again until then; at the first error it stops.
    pub(crate) async fn work(mut self, end: Instant, pause: Duration) -> Log {
        self.pause = pause;
        let mut turn = 0;
        while Instant::now() < end {
            if let Err(error) = self.turn(turn, end).await {
                self.log.errors.push(error);
                break;
            }
            turn += 1;
        }
        self.log
    }

    /// Every kind once; what costs most in some turns only. Who pauses may be at the end before all is done.
    async fn turn(&mut self, turn: usize, end: Instant) -> Done<()> {
        // Not all at the same thing at the same time.
        for part in 0..6 {
            if Instant::now() >= end {
                return Ok(());
            }
            match (part + self.number + turn) % 6 {
                0 => self.agents(turn).await?,
                1 => self.reads().await?,
                2 => self.people(turn).await?,
                3 => self.keys(turn).await?,
                4 if self.number.is_multiple_of(10) => self.operates(turn).await?,
                5 if turn % 20 == 10 => self.sessions().await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn agents(&mut self, turn: usize) -> Done<()> {
        let name = format!("{}-{}-{turn}", self.home.slug, self.number);
        let body = json!({"name": name, "role": "load", "personality_prompt": "Be kind."});
        let made = self.ask("POST agents", As::Person, "/v1/agents", Some(&body), 201).await?;
        self.own(&made.json)?;
        let path = format!("/v1/agents/{}", text(&made.json, "id")?);
        for who in [As::Person, As::Key] {
            let shown = self.ask("GET agents/{id}", who, &path, None, 200).await?;
            self.own(&shown.json)?;
            let listed = self.ask("GET agents", who, "/v1/agents", None, 200).await?;
            for item in listed.json["items"].as_array().into_iter().flatten() {
                self.own(item)?;
            }
        }
        self.ask("PATCH agents/{id}", As::Person, &path, Some(&json!({"role": "other"})), 200).await?;
        self.ask("DELETE agents/{id}", As::Person, &path, None, 204).await?;
        self.ask("GET agents/{id}, absent", As::Person, &path, None, 404).await.map(drop)
    }

    /// The tenant's stamp.
    fn own(&self, row: &Value) -> Done<()> {
        let own = row["workspace_id"] == self.home.workspace;
        own.then_some(())
            .ok_or_else(|| format!("{} was shown a row of another tenant: {row}", self.home.slug))
    }

    async fn reads(&mut self) -> Done<()> {
        for (name, path) in [
            ("GET me", "/v1/me"),
            ("GET limits", "/v1/limits"),
            ("GET workspaces", "/v1/workspaces"),
            ("GET members", "/v1/members"),
            ("GET sessions", "/v1/sessions"),
            ("GET access-grants", "/v1/access-grants"),
            ("GET audit-events", "/v1/audit-events"),
        ] {
            self.ask(name, As::Person, path, None, 200).await?;
        }
        self.ask("GET livez", As::Nobody, "/livez", None, 200).await?;
        self.ask("GET readyz", As::Nobody, "/readyz", None, 200).await?;
        self.ask("GET me, nobody", As::Nobody, "/v1/me", None, 401).await?;
        self.ask("GET tenants, refused", As::Person, "/v1/tenants", None, 403).await.map(drop)
    }

    async fn people(&mut self, turn: usize) -> Done<()> {
        let body = json!({"email": format!("guest-{}-{turn}@{}.example", self.number, self.home.slug)});
        let made = self.ask("POST invitations", As::Person, "/v1/invitations", Some(&body), 201).await?;
        self.ask("GET invitations", As::Person, "/v1/invitations", None, 200).await?;
        let path = format!("/v1/invitations/{}", text(&made.json, "id")?);
        self.ask("DELETE invitations/{id}", As::Person, &path, None, 204).await?;
        let path = format!("/v1/workspaces/{}", self.home.workspace.as_str().unwrap_or_default());
        let name = json!({"name": format!("Load {turn}")});
        self.ask("PATCH workspaces/{id}", As::Person, &path, Some(&name), 200).await.map(drop)
    }

    async fn keys(&mut self, turn: usize) -> Done<()> {
        let body = json!({"name": format!("load-{}-{turn}", self.number)});
        let made = self.ask("POST api-keys", As::Person, "/v1/api-keys", Some(&body), 201).await?;
        self.ask("GET api-keys", As::Person, "/v1/api-keys", None, 200).await?;
        let path = format!("/v1/api-keys/{}", text(&made.json, "id")?);
        self.ask("DELETE api-keys/{id}", As::Person, &path, None, 204).await.map(drop)
    }

    async fn operates(&mut self, turn: usize) -> Done<()> {
        let tenant = format!("/v1/tenants/{}", self.home.slug);
        let status = format!("{tenant}/status");
        for (name, path) in [
            ("GET tenants", "/v1/tenants"),
            ("GET tenants/{slug}", &tenant),
            ("GET tenants/{slug}/status", &status),
            ("GET provisioning-runs", "/v1/provisioning-runs"),
            ("GET slugs/{slug}", "/v1/slugs/perhaps"),
            ("GET operators", "/v1/operators"),
            ("GET isolation-reports", "/v1/isolation-reports"),
        ] {
            self.ask(name, As::Operator, path, None, 200).await?;
        }
        if turn % 10 != 5 {
            return Ok(());
        }
        let slug = format!("made-{}-{}-{turn}", self.number, self.home.slug);
        let wish = json!({"slug": slug, "name": slug, "admin_email": "made@load.example"});
        self.ask("POST tenants", As::Operator, "/v1/tenants", Some(&wish), 202).await?;
        let name = json!({"name": "Made"});
        let path = format!("/v1/tenants/{slug}");
        self.ask("PATCH tenants/{slug}", As::Operator, &path, Some(&name), 200).await.map(drop)
    }

    /// Signs in anew, goes on with it, and out of what was before.
    async fn sessions(&mut self) -> Done<()> {
        let before = self.refresh.clone();
        self.sign_in().await?;
        let body = json!({"refresh_token": before});
        self.ask("POST auth/logout", As::Nobody, "/v1/auth/logout", Some(&body), 204).await?;
        let body = json!({"refresh_token": self.refresh});
        let answer = self.ask("POST auth/refresh", As::Nobody, "/v1/auth/refresh", Some(&body), 200).await?;
        self.signed_in(&answer)?;
        let body = json!({"tenant": self.home.slug});
        let path = "/v1/auth/switch-workspace";
        self.ask("POST auth/switch-workspace", As::Person, path, Some(&body), 200).await.map(drop)
    }

    async fn sign_in(&mut self) -> Done<()> {
        let body = json!({"email": self.home.email, "password": PASSWORD, "tenant": self.home.slug});
        let answer = self.ask(APART[0], As::Nobody, "/v1/auth/login", Some(&body), 200).await?;
        self.signed_in(&answer)
    }

    fn signed_in(&mut self, answer: &Answer) -> Done<()> {
        self.token = text(&answer.json, "access_token")?;
        self.refresh = text(&answer.json, "refresh_token")?;
        Ok(())
    }

    /// One request, whose answer must have this status; then a pause.
    async fn ask(
        &mut self,
        name: &'static str,
        who: As,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Done<Answer> {
        let token = match who {
            As::Person => Some(self.token.as_str()),
            As::Key => Some(self.home.key.as_str()),
            As::Operator => Some(OPERATOR),
            As::Nobody => None,
        };
        let method = name.split(' ').next().unwrap_or_default();
        let began = Instant::now();
        let answer = self.wire.ask(method, path, token, body).await;
        let took = began.elapsed().as_secs_f64() * 1e3;
        let answer = answer.map_err(|error| format!("{name}: {error}"))?;
        if answer.status != status {
            return Err(format!("{name}: {} instead of {status}: {}", answer.status, answer.text));
        }
        self.log.took.entry(name).or_default().push(took);
        if !self.pause.is_zero() {
            self.asked += 1;
            tokio::time::sleep(self.pause.mul_f64(2.0 * spread(self.number * 31 + self.asked))).await;
        }
        Ok(answer)
    }
}

/// Evenly spread over 0 to 1, and the same in every run: multiples of the golden ratio.
#[expect(clippy::cast_precision_loss, reason = "a small number")]
pub(crate) fn spread(number: usize) -> f64 {
    (number as f64 * 0.618_033_988_749_895).fract()
}

fn text(value: &Value, field: &str) -> Done<String> {
    let found = value[field].as_str().map(str::to_owned);
    found.ok_or_else(|| format!("no {field} in {value}"))
}
