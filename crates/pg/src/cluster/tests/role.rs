//! A second process, which can be killed or run as another user: this test binary once more, with a role to play.
//!
//! Owns: child processes, killed when dropped. Calls: `cluster`. Called by: the other tests.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

use super::*;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, stdin};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

const ROLE: &str = "TENANTRY_TEST_ROLE";
const DIR: &str = "TENANTRY_TEST_DIR";

/// Killed when dropped.
pub(super) struct Player {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Player {
    pub(super) fn start(role: &str, dir: &Path) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), role, dir)
    }

    /// Under the number of `nobody` where we are root, else as we are.
    pub(super) fn start_as_ordinary_user(role: &str, scratch: &Scratch) -> Self {
        let copy = scratch.join("player");
        assert!(
            Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&copy).status().unwrap().success()
        );
        let mut player = Command::new(copy);
        let dir = scratch.join("home");
        fs::create_dir(&dir).unwrap();
        if we_are_root(scratch) {
            player.uid(65534).gid(65534);
            std::os::unix::fs::chown(&dir, Some(65534), Some(65534)).unwrap();
        }
        Self::run(player, role, &dir)
    }

    fn run(mut player: Command, role: &str, dir: &Path) -> Self {
        let (_, module) = module_path!().split_once("::").unwrap();
        player.args(["--exact", &format!("{module}::another_process"), "--ignored", "--nocapture"]);
        player.env(ROLE, role).env(DIR, dir).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = player.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// The rest of the line that begins with this word.
    pub(super) fn says(&self, word: &str) -> String {
        let begins = format!("{word} ");
        loop {
            let line =
                self.lines.recv_timeout(Duration::from_mins(1)).expect("the other process said nothing");
            // The test harness may have begun the line.
            if let Some((_, rest)) = line.split_once(&begins) {
                return rest.to_owned();
            }
        }
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "not a test: what the second process of other tests runs"]
fn another_process() {
    let (Some(role), Some(dir)) = (std::env::var_os(ROLE), std::env::var_os(DIR)) else { return };
    play(&role, &PathBuf::from(dir));
}

fn play(role: &OsString, dir: &Path) {
    match role.to_str().unwrap() {
        "hold" => hold(&config(dir)),
        "hold-ephemeral" => hold(&ClusterConfig { ephemeral: true, ..config(dir) }),
        "live-as-ordinary-user" => live_as_ordinary_user(dir),
        role => panic!("no role {role}"),
    }
}

fn hold(config: &ClusterConfig) {
    println!("begins now");
    let cluster = Cluster::start(config).unwrap();
    ask(&cluster, "create table held as select 7 as n");
    println!("ready {}", socket(&cluster).display());
    stdin().read_line(&mut String::new()).unwrap();
}

fn live_as_ordinary_user(home: &Path) {
    let us =
        fs::metadata("/proc/self").map_or_else(|_| fs::metadata(home).unwrap().uid(), |found| found.uid());
    assert_ne!(us, 0);
    let data_dir = home.join("data");
    for run in ["first", "second"] {
        let cluster = Cluster::start(&config(&data_dir)).unwrap();
        assert_eq!(fs::metadata(socket(&cluster)).unwrap().uid(), us);
        assert_eq!(cluster.data_dir(), data_dir);
        ask(&cluster, "create table if not exists runs (n int); insert into runs values (1)");
        println!("counted {run} {}", ask(&cluster, "select count(*) from runs"));
        cluster.stop().unwrap();
    }
    set_mode(home, 0o555);
    let refused = Cluster::start(&config(&home.join("other"))).unwrap_err().to_string();
    set_mode(home, 0o755);
    println!("refused {refused}");
    println!("mode {:o}", fs::metadata(data_dir.join("superuser.password")).unwrap().mode() & 0o777);
}
