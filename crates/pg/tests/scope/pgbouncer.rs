//! The scope through a real PgBouncer in transaction mode, with fewer server connections than tenants and clients.

use crate::world::{Scopes, World, must, within};
use std::{
    fs::{self, File},
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};
use tenantry_pg::{Error, ErrorKind, Login, PoolSettings, Target, bootstrap::Superuser};
use tenantry_testkit::cluster;

const PLACES: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/// Ends with its standard input, whatever ends this process.
struct Pooler {
    shell: Child,
    folder: PathBuf,
    target: Target,
}

impl Pooler {
    async fn start(world: &World, logins: &[Login]) -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let Some(program) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
            eprintln!("skipped: there is no pgbouncer here; scripts/bootstrap test installs it");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("tenantry-test-{}-bouncer-{number}", std::process::id()));
        must(fs::create_dir(&folder));
        // PgBouncer refuses to be root, and the cluster's socket is for the cluster's user.
        let user = must(fs::metadata(cluster().socket_dir()));
        let ours = must(fs::metadata(&folder)).uid();
        let text = configuration(&folder);
        write(&folder, "pgbouncer.ini", &text);
        let users: Vec<String> =
            logins.iter().map(|login| format!("\"{}\" \"{}\"\n", login.user, login.passwords[0])).collect();
        write(&folder, "users.txt", &users.concat());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "\"$0\" -q \"$1\" & read _; kill $!; wait"])
            .arg(program)
            .arg(folder.join("pgbouncer.ini"));
        let log = must(File::create(folder.join("log")));
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).current_dir("/");
        if ours != user.uid() {
            for path in [folder.clone(), folder.join("pgbouncer.ini"), folder.join("users.txt")] {
                must(chown(path, Some(user.uid()), Some(user.gid())));
            }
            shell.uid(user.uid()).gid(user.gid());
        }
        let shell = must(shell.spawn());
        let host = folder.display().to_string().replace('/', "%2F");
        let url = format!("postgresql://nobody@{host}:6432/{}", world.database.target.database());
        let pooler = Self { shell, target: must(Target::parse(&url)).0, folder };
        let socket = pooler.folder.join(".s.PGSQL.6432");
        within("pgbouncer's socket", async {
            while UnixStream::connect(&socket).is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    must(File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())));
    must(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
}

fn configuration(folder: &Path) -> String {
    format!(
        "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {dir}\nauth_type = scram-sha-256\n\
         auth_file = {dir}/users.txt\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n",
        cluster().socket_dir().display(),
        cluster().port(),
        dir = folder.display(),
    )
}

fn unnamed(size: usize) -> PoolSettings {
    PoolSettings { size, named_statements: 0, ..PoolSettings::default() }
}

fn through(world: &World, pooler: &Pooler) -> Scopes {
    world.scopes_at(&pooler.target, unnamed(6))
}

#[tokio::test]
async fn interleaved_tenants_share_few_server_connections() {
    let world = World::new(3).await;
    let Some(pooler) = Pooler::start(&world, &must(world.database.placement.cell_logins().await)).await
    else {
        return;
    };
    let scopes = through(&world, &pooler);
    let turns = (0..90).map(|turn| {
        let (scopes, home) = (&scopes, &world.homes[turn % 3]);
        async move {
            must(scopes.add(home, &format!("{} {turn:02}", turn % 3)).await);
            (turn % 3, scopes.list(home).await, scopes.pid(home).await)
        }
    });
    let mut pids = std::collections::BTreeSet::new();
    for (home, names, pid) in within("all turns", futures_util::future::join_all(turns)).await {
        assert!(
            !names.is_empty() && names.iter().all(|name| name.starts_with(&home.to_string())),
            "{home}: {names:?}"
        );
        pids.insert(pid);
    }
    assert!(pids.len() <= 2, "{pids:?}");
    for home in &world.homes {
        assert_eq!(scopes.list(home).await.len(), 30);
    }
}

#[tokio::test]
async fn no_state_is_left_on_a_server_connection() {
    let world = World::new(2).await;
    let logins = must(world.database.placement.cell_logins().await);
    let Some(pooler) = Pooler::start(&world, &logins).await else { return };
    let scopes = through(&world, &pooler);
    for turn in 0..6 {
        must(scopes.add(&world.homes[turn % 2], &format!("agent {turn}")).await);
        assert!(
            scopes.add(&world.homes[turn % 2], &format!("agent {turn}")).await.is_err(),
            "the name is taken"
        );
    }
    let stranger = must(Superuser::connect(&pooler.target, &logins[0]).await);
    let state = "SELECT concat_ws('|', current_user = session_user, current_setting('role'),
                                  coalesce(current_setting('tenantry.workspace_id', true), ''), pg_current_xact_id_if_assigned(),
                                  (SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'))";
    for _ in 0..6 {
        assert_eq!(must(stranger.value(state).await).as_deref(), Some("t|none||0"));
    }
    let open = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND state <> 'idle'",
        logins[0].user
    );
    world.until_count(&open, 0).await;
}

#[tokio::test]
async fn errors_through_the_pooler_are_the_servers() {
    let world = World::new(2).await;
    let Some(pooler) = Pooler::start(&world, &must(world.database.placement.cell_logins().await)).await
    else {
        return;
    };
    let scopes = through(&world, &pooler);
    must(scopes.add(&world.homes[0], "one").await);
    assert_eq!(scopes.add(&world.homes[0], "one").await.unwrap_err().kind(), ErrorKind::Unique);
    let foreign = format!("SELECT FROM \"{}\".agents", world.homes[0].schema);
    let refused = scopes.run(&world.homes[1], foreign, |tx, sql| Box::pin(tx.probe(sql))).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Denied);
    let lost: Result<(), Error> = scopes
        .run(&world.homes[0], (), |tx, ()| {
            Box::pin(async move {
                tx.query("DELETE FROM tenant.agents", &[]).await?;
                panic!("a test made this work panic")
            })
        })
        .await;
    assert!(matches!(lost, Err(Error::Lost(_))));
    assert_eq!(scopes.list(&world.homes[0]).await, ["one"]);
}

/// The pooler's list of users is renewed by hand: until then it knows the password from before.
#[tokio::test]
async fn a_rotated_key_works_with_the_poolers_old_list() {
    let world = World::new(1).await;
    let old = must(world.database.placement.cell_logins().await);
    let Some(pooler) = Pooler::start(&world, &old).await else { return };
    let login = Login {
        passwords: ["new".to_owned()].into_iter().chain(old[0].passwords.clone()).collect(),
        ..old[0].clone()
    };
    let session = must(Superuser::connect(&pooler.target, &login).await);
    assert_eq!(must(session.value("SELECT 1::text").await).as_deref(), Some("1"));
}
