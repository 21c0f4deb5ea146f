//! A real PgBouncer in transaction mode in front of a test's database.
//!
//! Owns: nothing. Calls: PgBouncer, as a program. Called by: the test application, tests of the scope.
//! Invariants: every transaction of a tenant may get another server connection than the one before (`interleaved_tenants_share_few_server_connections`,
//! `fifty_tenants_share_two_server_connections`). After a crash: it ends with its standard input, whatever ends this process.

use crate::{
    TestDatabase, cluster,
    database::{scratch, within},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tenantry_pg::{Login, Target};

const PLACES: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/// A pooler. Ends when dropped.
pub struct TestPooler {
    shell: Child,
    folder: PathBuf,
    target: Target,
}

fn program() -> Option<&'static str> {
    PLACES.into_iter().find(|place| Path::new(place).exists())
}

impl TestPooler {
    /// Whether this machine has the program; where it does not, says so.
    pub fn is_here() -> bool {
        let found = program().is_some();
        if !found {
            eprintln!("skipped: there is no pgbouncer here; scripts/bootstrap test installs it");
        }
        found
    }

    /// One that knows these logins and has so many server connections for each.
    pub async fn start(database: &TestDatabase, logins: &[Login], size: usize) -> Self {
        let program = program().unwrap_or_else(|| {
            panic!("there is no pgbouncer on this machine; scripts/bootstrap test installs it")
        });
        let folder = scratch("bouncer");
        let name = database.target.database();
        let started = shell(program, &folder, &configuration(&folder, size), logins);
        let shell = started.unwrap_or_else(|error| panic!("pgbouncer: {error}"));
        let host = folder.display().to_string().replace('/', "%2F");
        let url = format!("postgresql://nobody@{host}:6432/{name}");
        let target = Target::parse(&url).unwrap_or_else(|error| panic!("{error}")).0;
        let pooler = Self { shell, folder, target };
        let socket = pooler.folder.join(".s.PGSQL.6432");
        within("pgbouncer's socket", async {
            while UnixStream::connect(&socket).is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        pooler
    }

    /// The database, reached through it.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl Drop for TestPooler {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program under a shell that ends it. It refuses to be root, and the cluster's socket is for the cluster's user.
fn shell(program: &str, folder: &Path, text: &str, logins: &[Login]) -> io::Result<Child> {
    fs::create_dir(folder)?;
    let (user, ours) = (fs::metadata(cluster().socket_dir())?, fs::metadata(folder)?.uid());
    let users: Vec<String> =
        logins.iter().map(|login| format!("\"{}\" \"{}\"\n", login.user, login.passwords[0])).collect();
    let files = [("pgbouncer.ini", text), ("users.txt", &users.concat())];
    let mut command = Command::new("sh");
    command
        .args(["-c", "\"$0\" -q \"$1\" & read _; kill $!; wait"])
        .arg(program)
        .arg(folder.join("pgbouncer.ini"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/");
    for (name, text) in files {
        let path = folder.join(name);
        File::create(&path)?.write_all(text.as_bytes())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        if ours != user.uid() {
            chown(&path, Some(user.uid()), Some(user.gid()))?;
        }
    }
    if ours != user.uid() {
        chown(folder, Some(user.uid()), Some(user.gid()))?;
        command.uid(user.uid()).gid(user.gid());
    }
    command.spawn()
}

fn configuration(folder: &Path, size: usize) -> String {
    format!(
        "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {dir}\nauth_type = scram-sha-256\n\
         auth_file = {dir}/users.txt\nlogfile = {dir}/log\npool_mode = transaction\ndefault_pool_size = {size}\nmax_client_conn = 200\n",
        cluster().socket_dir().display(),
        cluster().port(),
        dir = folder.display(),
    )
}
