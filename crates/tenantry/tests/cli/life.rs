//! A tenant's life from the command line: every change followed to its end, runs taken back and tried again, all runs watched.

use crate::{
    process::{Ended, Process, run},
    start::{Server, database, worker},
};

const CREATE: &str = "tenant create acme --name Acme --admin-email admin@acme.example";

struct Town {
    server: Server,
    _worker: Process,
}

async fn town() -> Town {
    let database = database(1).await;
    Town { server: Server::start(&database), _worker: worker(&database, 1) }
}

impl Town {
    fn cli(&self, line: &str) -> Ended {
        run(&mut self.server.cli(line))
    }

    /// Whether a request with this key is served.
    fn serves(&self, key: &str) -> u16 {
        crate::http::get(&self.server.url, "/v1/agents", key).status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_suspended_deleted_restored_and_purged() {
    let town = town().await;
    let made = town.cli(&format!("{CREATE} -o json")).expect(0).json();
    let key = made["api_key"].as_str().unwrap().to_owned();
    assert!(made["owner_invitation"]["url"].as_str().is_some_and(|url| url.contains("#token=")), "{made}");
    assert_eq!(town.serves(&key), 200);
    let told = town.cli("tenant suspend acme --reason unpaid").expect(0);
    assert!(
        told.out.contains("suspended") && told.err.contains("  close     succeeded"),
        "{}{}",
        told.out,
        told.err
    );
    assert!(told.err.contains("  sessions  skipped"), "it is followed to its end: {}", told.err);
    assert_eq!(town.serves(&key), 403);
    town.cli("tenant resume acme").expect(0);
    assert_eq!(town.serves(&key), 200);
    let unasked = town.cli("tenant delete acme").expect(2);
    assert!(unasked.err.contains("--yes") && town.serves(&key) == 200, "{}", unasked.err);
    let told = town.cli("tenant delete acme --yes").expect(0);
    assert!(told.out.contains("restorable until") && told.out.contains("(in 29 days)"), "{}", told.out);
    assert!(town.cli("tenant suspend acme").expect(1).err.contains("next: Restore it first"));
    assert!(town.cli("tenant show acme").expect(0).out.contains("deleted"));
    town.cli("tenant restore acme --reason mistake").expect(0);
    assert_eq!(town.serves(&key), 200);
    town.cli("tenant delete acme --yes --no-wait -q").expect(0);
    let gone = town.cli("tenant purge acme --yes -o json");
    // The deletion's run may still be at work, which is no time for another.
    let gone = if gone.code == Some(1) { follow_and_purge(&town) } else { gone };
    assert_eq!(gone.expect(0).json()["tenant"], serde_json::Value::Null);
    assert_eq!(town.serves(&key), 401);
    let kinds = town.cli("run list --tenant acme --kind purge -o json").expect(0).json();
    assert_eq!(kinds["items"][0]["status"], "succeeded");
}

fn follow_and_purge(town: &Town) -> Ended {
    let runs = town.cli("run list --tenant acme --kind delete --limit 1").expect(0).out;
    let id =
        runs.split_whitespace().find(|word| word.starts_with("run_")).unwrap_or_else(|| panic!("{runs}"));
    town.cli(&format!("run watch {id} -q")).expect(0);
    town.cli("tenant purge acme --yes -o json")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_taken_back_and_tried_again() {
    let town = town().await;
    let watching = Process::start(&mut town.server.cli("run watch --all"));
    watching.until("beginning", |said| said.err.contains("following all runs").then_some(()));
    let made = town.cli(CREATE).expect(0);
    let key = word_after(&made.out, "api key");
    let id = word_after(&made.out, "run ");
    assert!(
        made.err.contains("not shown again") && made.out.contains("/accept-invitation#token="),
        "{}",
        made.err
    );
    assert_eq!(town.serves(&key), 200);
    let undone = town.cli("run rollback acme --yes").expect(0);
    assert!(
        undone.out.contains("rolled_back") && undone.err.contains("activate  undone"),
        "{}{}",
        undone.out,
        undone.err
    );
    assert!(!undone.err.contains("succeeded"), "what was before is not told again: {}", undone.err);
    assert_eq!(town.serves(&key), 401);
    assert!(town.cli(&format!("run watch {id}")).expect(3).err.contains("nothing of it is left"));
    let again = town.cli(&format!("run retry {id}")).expect(0);
    assert!(again.err.contains("activate  succeeded") && !again.err.contains("undone"), "{}", again.err);
    assert_eq!(town.serves(&key), 200);
    let refused = town.cli(&format!("run retry {id}")).expect(1);
    assert!(refused.err.contains("next: "), "{}", refused.err);
    // Whoever watches all runs has been told of each state, in order.
    let story = watching.until("the whole story", |said| {
        let told: Vec<String> =
            said.out.lines().filter(|line| line.starts_with(&id)).map(str::to_owned).collect();
        let ends = told.iter().filter(|line| line.contains("create acme  succeeded")).count();
        (ends == 2).then_some(told)
    });
    let undone = story.iter().position(|line| line.contains("create acme  rolled_back"));
    assert!(
        undone.is_some_and(|at| story[at..].iter().any(|line| line.contains("activate succeeded"))),
        "{story:?}"
    );
    watching.signal("INT");
}

fn word_after(text: &str, name: &str) -> String {
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    found.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}
