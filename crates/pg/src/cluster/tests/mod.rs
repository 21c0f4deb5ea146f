//! Tests of the private cluster, with the real PostgreSQL of this machine.
//!
//! Owns: folders below the temp folder, removed at the end of each test. Calls: `cluster`, `psql`. Called by: nobody.
//! Invariants: none of its own. After a crash: folders `tenantry-test-…` below the temp folder.

mod crash;
mod ephemeral;
mod lifecycle;
mod refusals;
mod role;

use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, mpsc};

/// A folder of this test's own, which anybody may enter.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tenantry-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&dir).unwrap();
        set_mode(&dir, 0o755);
        Self(dir)
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Written by a shell: a file that this process had open for writing cannot be run while another thread forks.
    pub(super) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        let mut shell = Command::new("sh");
        shell.args(["-c", "mkdir -p \"${0%/*}\" && printf '%s\\n' \"$1\" >\"$0\" && chmod 755 \"$0\""]);
        assert!(shell.arg(&path).arg(text).status().unwrap().success());
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(super) fn we_are_root(scratch: &Scratch) -> bool {
    fs::metadata(&scratch.0).unwrap().uid() == 0
}

/// For keeps, in its smallest size.
fn config(data_dir: &Path) -> ClusterConfig {
    ClusterConfig {
        data_dir: data_dir.to_owned(),
        settings: vec![setting("shared_buffers", "16MB")],
        ..Default::default()
    }
}

/// One cluster for all tests that only look at it. Nobody drops it: its watchdog removes it when this process ends.
static SHARED: LazyLock<Cluster> = LazyLock::new(|| {
    let data_dir = std::env::temp_dir().join(format!("tenantry-test-{}-shared", std::process::id()));
    Cluster::start(&ClusterConfig { ephemeral: true, ..config(&data_dir) }).unwrap()
});

fn setting(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What `psql` prints, or how it complains.
fn psql(cluster: &Cluster, url: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new(cluster.bin_dir().join("psql"));
    psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, url]);
    let output = psql.env_remove("PGPASSWORD").output().unwrap();
    let [out, err] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap().trim().to_owned());
    if output.status.success() { Ok(out) } else { Err(err) }
}

fn ask(cluster: &Cluster, sql: &str) -> String {
    psql(cluster, &cluster.superuser_url(), sql).unwrap()
}

fn socket(cluster: &Cluster) -> PathBuf {
    cluster.socket_dir().join(format!(".s.PGSQL.{}", cluster.port()))
}

fn postmaster_pid(data_dir: &Path) -> String {
    let text = fs::read_to_string(data_dir.join("pg/postmaster.pid")).unwrap();
    text.lines().next().unwrap().to_owned()
}

fn kill(pid: &str) {
    assert!(Command::new("sh").args(["-c", "kill -9 \"$0\"", pid]).status().unwrap().success());
}

/// The result of something that blocks, or a failed test after a minute.
fn within_a_minute<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(wait()));
    result.recv_timeout(Duration::from_mins(1)).expect("it did not come to an end")
}
