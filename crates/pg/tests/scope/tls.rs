//! A cluster of this test's own, on loopback TCP with a certificate.

use crate::world::{Heard, must, within};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tenantry_pg::{
    Error, ErrorKind, Login, Pool, PoolSettings, Target,
    bootstrap::Superuser,
    cluster::{Cluster, ClusterConfig},
};

struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("tenantry-test-{}-own-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        must(fs::create_dir(&dir));
        must(fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)));
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server {
    cluster: Cluster,
    admin: Superuser,
    password: Login,
    port: u16,
    folder: Scratch,
}

impl Server {
    async fn start(listen: &str) -> Self {
        let folder = Scratch::new();
        let port = must(TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr())).port();
        let settings = [("listen_addresses", listen), ("port", &port.to_string())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let config =
            ClusterConfig { data_dir: folder.0.join("data"), bin_dir: None, settings, ephemeral: true };
        let cluster = must(Cluster::start(&config));
        let (target, login) = must(Target::parse(&cluster.superuser_url()));
        let password = login.unwrap_or_else(|| panic!("no login"));
        let admin = must(Superuser::connect(&target, &password).await);
        Self { cluster, admin, password, port, folder }
    }

    /// A certificate for `localhost`, trusted through `ca.pem`; only TLS over TCP.
    async fn serve_tls(&self) {
        let ca_key = must(KeyPair::generate());
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        must(fs::write(self.ca(), must(ca.self_signed(&ca_key)).pem()));
        let key = must(KeyPair::generate());
        let leaf = must(CertificateParams::new(vec!["localhost".to_owned()]));
        let leaf = must(leaf.signed_by(&key, &Issuer::new(ca, ca_key)));
        let data = PathBuf::from(must(self.admin.value("SHOW data_directory").await).unwrap_or_default());
        secret(&data.join("server.crt"), &leaf.pem(), &data);
        secret(&data.join("server.key"), &key.serialize_pem(), &data);
        let rules = "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        secret(&data.join("pg_hba.conf"), rules, &data);
        must(self.admin.execute("ALTER SYSTEM SET ssl = on").await);
        must(self.admin.execute("SELECT pg_reload_conf()").await);
        let (target, _) = must(Target::parse(&self.cluster.superuser_url()));
        within("TLS", async {
            // A backend has what the postmaster had when it was made.
            loop {
                let fresh = must(Superuser::connect(&target, &self.password).await);
                if must(fresh.value("SHOW ssl").await).as_deref() == Some("on") {
                    break;
                }
            }
        })
        .await;
    }

    fn ca(&self) -> PathBuf {
        self.folder.0.join("ca.pem")
    }

    async fn connect(&self, host: &str, options: &str) -> Result<Option<String>, Error> {
        let url = format!("postgresql://nobody@{host}:{}/postgres?{options}", self.port);
        let session = Superuser::connect(&must(Target::parse(&url)).0, &self.password).await?;
        session.value("SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await
    }
}

/// A file as the server's user would have made it.
fn secret(path: &Path, text: &str, like: &Path) {
    let owner = must(fs::metadata(like));
    must(fs::write(path, text));
    must(fs::set_permissions(path, fs::Permissions::from_mode(0o600)));
    must(chown(path, Some(owner.uid()), Some(owner.gid())));
}

#[tokio::test]
async fn verify_full_checks_chain_and_host_name() {
    let server = Server::start("127.0.0.1").await;
    server.serve_tls().await;
    let right = format!("sslmode=verify-full&sslrootcert={}", server.ca().display());
    assert_eq!(must(server.connect("localhost", &right).await).as_deref(), Some("true"));
    let wrong_host = server.connect("127.0.0.1", &right).await.unwrap_err();
    assert_eq!((wrong_host.kind(), wrong_host.sql_state()), (ErrorKind::Unavailable, None));
    let stranger = server.folder.0.join("stranger.pem");
    let key = must(KeyPair::generate());
    must(fs::write(&stranger, must(CertificateParams::default().self_signed(&key)).pem()));
    let wrong = format!("sslmode=verify-full&sslrootcert={}", stranger.display());
    assert_eq!(server.connect("localhost", &wrong).await.unwrap_err().sql_state(), None);
    let public_roots = server.connect("localhost", "sslmode=verify-full").await.unwrap_err();
    assert_eq!(public_roots.sql_state(), None);
    for encrypted in ["sslmode=require", "sslmode=prefer"] {
        assert_eq!(
            must(server.connect("127.0.0.1", encrypted).await).as_deref(),
            Some("true"),
            "{encrypted}"
        );
    }
    let plain = server.connect("127.0.0.1", "sslmode=disable").await.unwrap_err();
    assert_eq!(plain.sql_state(), Some("28000"), "{plain}");
}

#[tokio::test]
async fn without_tls_on_the_server_only_prefer_goes_on() {
    let server = Server::start("127.0.0.1").await;
    assert_eq!(must(server.connect("127.0.0.1", "sslmode=prefer").await).as_deref(), Some("false"));
    for mode in ["sslmode=require", "sslmode=verify-full"] {
        let refused = server.connect("127.0.0.1", mode).await.unwrap_err();
        assert_eq!((refused.kind(), refused.sql_state()), (ErrorKind::Unavailable, None), "{mode}");
    }
}

#[tokio::test]
async fn a_pool_outlives_a_restart_of_the_server() {
    let folder = Scratch::new();
    let config = ClusterConfig { data_dir: folder.0.join("data"), ..ClusterConfig::default() };
    let cluster = must(Cluster::start(&config));
    let (target, login) = must(Target::parse(&cluster.superuser_url()));
    let login = login.unwrap_or_else(|| panic!("no login"));
    let pool = Pool::new(
        target,
        login,
        PoolSettings { size: 1, ..PoolSettings::default() },
        Arc::new(Heard::default()),
    );
    let ask = || async {
        pool.run("ask", (), |tx, ()| Box::pin(async move { tx.last("SELECT 1", &[]).await.map(drop) })).await
    };
    must::<(), Error>(ask().await);
    must(cluster.stop());
    let down: Error = ask().await.unwrap_err();
    assert_eq!(down.kind(), ErrorKind::Unavailable, "{down}");
    let again = must(Cluster::start(&config));
    must::<(), Error>(ask().await);
    must(again.stop());
}
