//! People on the command line, against a live server: from the owner's invitation to keys, members and sessions.

use crate::{
    process::{Ended, Scratch, run, run_with_input, tenantry},
    start::{Server, database},
};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

const PASSWORD: &str = "seven wet otters play";
const OWNER: &str = "admin@acme.example";

/// Somebody with a home of their own, and no token in their environment.
struct Person<'s> {
    server: &'s Server,
    home: Scratch,
}

impl<'s> Person<'s> {
    fn new(server: &'s Server, name: &str) -> Self {
        Self { server, home: Scratch::new(name) }
    }

    fn cli(&self, line: &str) -> Command {
        let mut command = tenantry(line);
        command.env("TENANTRY_URL", &self.server.url).env("HOME", self.home.path());
        command
    }

    fn run(&self, line: &str) -> Ended {
        run(&mut self.cli(line))
    }

    fn accept(&self, link: &str, name: &str) {
        let mut accept = self.cli("invite accept");
        run_with_input(accept.args(["--name", name]), &format!("{link}\n{PASSWORD}\n")).expect(0);
    }

    fn log_in(&self, email: &str) -> Ended {
        run_with_input(&mut self.cli(&format!("login --email {email}")), &format!("{PASSWORD}\n")).expect(0)
    }
}

/// A tenant, and its owner who has accepted and logged in.
fn owner<'s>(server: &'s Server, name: &str) -> Person<'s> {
    let made = format!("tenant create acme --name Acme --admin-email {OWNER} --tier pro -o json");
    let made = run(&mut server.cli(&made)).expect(0).json();
    let person = Person::new(server, name);
    let link = made["owner_invitation"]["url"].as_str().unwrap_or_else(|| panic!("no link: {made}"));
    person.accept(link, "Ann");
    person.log_in(OWNER);
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_logs_in_and_out() {
    let server = Server::start(&database(1).await);
    let ann = owner(&server, "login");
    let file = ann.home.join(".config/tenantry/credentials.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let me = ann.run("whoami -o json").expect(0).json();
    assert_eq!((&me["kind"], &me["email"], &me["role"]), (&"member".into(), &OWNER.into(), &"owner".into()));
    let refused = run_with_input(&mut ann.cli(&format!("login --email {OWNER}")), "wrong\n").expect(1);
    assert!(!refused.err.contains("TENANTRY_TOKEN"), "{}", refused.err);
    assert!(ann.run("session list").expect(0).out.contains("this one"));
    // An access token that has ended is renewed, and the refresh token with it.
    let mut kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    kept["servers"][&server.url]["expires_at"] = "2000-01-01T00:00:00Z".into();
    let old = kept["servers"][&server.url]["refresh_token"].as_str().unwrap().to_owned();
    fs::write(&file, kept.to_string()).unwrap();
    assert_eq!(ann.run("whoami -o json").expect(0).json(), me);
    let before = fs::read_to_string(&file).unwrap();
    assert!(!before.contains(&old), "the refresh token is good once");
    ann.run("logout").expect(0);
    assert!(ann.run("whoami").expect(1).err.contains("tenantry login"));
    // What somebody copied before is worth nothing now.
    fs::write(&file, before).unwrap();
    assert!(ann.run("whoami").expect(1).err.contains("tenantry login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_invited_changed_and_removed() {
    let server = Server::start(&database(1).await);
    let (ann, bob) = (owner(&server, "ann"), Person::new(&server, "bob"));
    let invited = ann.run("invite create bob@acme.example --role viewer -o json").expect(0).json();
    let link = invited["link"].as_str().unwrap();
    bob.accept(link, "Bob");
    bob.log_in("bob@acme.example");
    assert_eq!(bob.run("whoami -o json").expect(0).json()["role"], "viewer");
    bob.run("member set-role bob@acme.example owner").expect(1);
    ann.run("member set-role bob@acme.example member").expect(0);
    assert_eq!(bob.run("whoami -o json").expect(0).json()["role"], "member");
    assert!(ann.run("member remove bob@acme.example").expect(2).err.contains("--yes"));
    ann.run("member remove bob@acme.example --yes").expect(0);
    bob.run("member list").expect(1);
    assert!(!ann.run("member list").expect(0).out.contains("bob@acme.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_workspaces_are_made_and_ended() {
    let server = Server::start(&database(1).await);
    let ann = owner(&server, "keys");
    ann.run("workspace create sales --name Sales").expect(0);
    ann.run("switch acme sales").expect(0);
    let made = ann.run("key create --name ci --role viewer -o json").expect(0).json();
    let key = made["key"].as_str().unwrap();
    let checked = run_with_input(&mut ann.cli("key check -o json"), key).expect(0).json();
    assert_eq!(Some(checked["public_id"].as_str().unwrap()), key.split('_').nth(2));
    let by_key = |line: &str| run(ann.cli(line).env("TENANTRY_TOKEN", key));
    assert_eq!(by_key("whoami -o json").expect(0).json()["workspace_id"], made["workspace_id"]);
    let id = made["id"].as_str().unwrap();
    assert!(ann.run("key list").expect(0).out.contains(id));
    ann.run(&format!("key revoke {id} --yes")).expect(0);
    by_key("whoami").expect(1);
    ann.run("switch acme").expect(0);
    ann.run("workspace archive sales --yes").expect(0);
    assert!(!ann.run("workspace list").expect(0).out.contains("sales"));
    ann.run("workspace unarchive sales").expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_made_and_gets_in_for_a_while() {
    let server = Server::start(&database(1).await);
    let ann = owner(&server, "granted");
    let olga = Person::new(&server, "olga");
    let create = "operator create olga@example.com --name Olga --role support --password-stdin";
    run_with_input(&mut server.cli(create), PASSWORD).expect(0);
    let mut login = olga.cli("login --operator --email olga@example.com");
    run_with_input(&mut login, PASSWORD).expect(0);
    assert_eq!(olga.run("whoami -o json").expect(0).json()["role"], "support");
    assert!(olga.run("tenant list").expect(0).out.contains("acme"));
    let opened = olga.run("access-grant create acme --reason ticket-7 -o json").expect(0).json();
    let token = opened["token"].as_str().unwrap();
    let granted = |line: &str| run(olga.cli(line).env("TENANTRY_TOKEN", token));
    assert_eq!(granted("whoami -o json").expect(0).json()["kind"], "granted");
    assert!(ann.run("access-grant list").expect(0).out.contains("ticket-7"));
    ann.run(&format!("access-grant end {}", opened["id"].as_str().unwrap())).expect(0);
    granted("whoami").expect(1);
    run(&mut server.cli("operator remove olga@example.com --yes")).expect(0);
    olga.run("tenant list").expect(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_changed() {
    let server = Server::start(&database(1).await);
    run(&mut server.cli("tenant create acme --name Acme --admin-email admin@acme.example")).expect(0);
    let line = "tenant update acme --name Acme2 --domain acme.example --join-role viewer";
    let told = run(&mut server.cli(line)).expect(0).out;
    assert!(told.contains("Acme2") && told.contains("acme.example: join as viewer"), "{told}");
}
