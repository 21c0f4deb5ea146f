//! Promises of the configuration as a whole.

use super::*;
use std::fmt::Write as _;

const KEY: &str = "abababababababababababababababababababababababababababababababab";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(mode: Mode, pairs: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::load(mode, &environment(pairs), None)
}

fn server(pairs: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let mut all = environment(&[
        ("TENANTRY_SERVER_URL", "postgresql://db/app"),
        ("TENANTRY_MASTER_KEY", KEY),
        ("TENANTRY_OPERATOR_TOKEN", TOKEN),
    ]);
    all.extend(environment(pairs));
    Config::load(Mode::Server, &all, None)
}

/// A file of this test alone, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tenantry-config-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn keys_of(errors: &ConfigErrors) -> Vec<&str> {
    errors.0.iter().map(|error| error.key.as_str()).collect()
}

#[test]
fn dev_needs_nothing() {
    let config = load(Mode::Dev, &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.metrics_listen, None);
    assert_eq!((config.warm_slots, config.pool_size, config.max_tenant_series), (16, 8, 200));
    assert_eq!((config.request_timeout.as_secs(), config.shutdown_grace.as_secs()), (30, 20));
    assert_eq!((config.max_body_bytes, config.default_tier), (1 << 20, Tier::Free));
    assert_eq!((config.data_dir.to_str(), config.log_filter.as_str()), (Some(".tenantry"), "info"));
}

#[test]
fn each_command_says_what_it_needs() {
    let errors = load(Mode::Server, &[]).unwrap_err();
    assert_eq!(keys_of(&errors), ["TENANTRY_SERVER_URL", "TENANTRY_MASTER_KEY", "TENANTRY_OPERATOR_TOKEN"]);
    let errors = load(Mode::Worker, &[]).unwrap_err();
    assert_eq!(keys_of(&errors), ["DATABASE_URL", "TENANTRY_MASTER_KEY"]);
    assert_eq!(server(&[]).unwrap().metrics_listen, Some("127.0.0.1:9464".parse().unwrap()));
}

#[test]
fn all_errors_come_at_once() {
    let errors = load(
        Mode::Server,
        &[
            ("TENANTRY_SERVER_URL", "postgresql://u:p@db/app"),
            ("TENANTRY_MASTER_KEY", "short"),
            ("TENANTRY_OPERATOR_TOKEN", "short"),
            ("TENANTRY_LISTEN", "8080"),
            ("TENANTRY_WARM_SLOTS", "1001"),
            ("TENANTRY_DEFAULT_TIER", "gold"),
            ("TENANTRY_WARM_SLOT", "3"),
            ("TENANTRY_SOMETHING_ELSE", "3"),
            ("HOME", "/root"),
        ],
    )
    .unwrap_err();
    let text = errors.to_string();
    for part in [
        "the configuration has 8 errors:",
        "TENANTRY_WARM_SLOT is not a known key. Perhaps TENANTRY_WARM_SLOTS is meant",
        "TENANTRY_SOMETHING_ELSE is not a known key. Remove it",
        "TENANTRY_SERVER_URL holds a user or a password. Leave both out",
        "TENANTRY_MASTER_KEY is not 32 bytes in base64 or hex. Make one with `openssl rand -base64 32`",
        "TENANTRY_OPERATOR_TOKEN is shorter than 32 characters. Make one with",
        "TENANTRY_LISTEN is not an address with a port. Write it like",
        "TENANTRY_WARM_SLOTS is not a whole number from 0 to 1000. Choose",
        "TENANTRY_DEFAULT_TIER is not a tier. It must be one of free, starter, pro, enterprise.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn no_error_and_no_debug_shows_a_value() {
    const MARK: &str = "zq9";
    for key in keys::KEYS {
        for value in [
            format!("{MARK}\u{1}"),
            format!("postgresql://{MARK}:{MARK}@h\u{1}/{MARK}"),
            format!("http://{MARK}@"),
        ] {
            if let Err(errors) = load(Mode::Server, &[(key.name, &value)]) {
                assert!(
                    !format!("{errors}{errors:?}").contains(MARK),
                    "{} shows its value: {errors}",
                    key.name
                );
            }
        }
    }
    let secrets = [
        ("DATABASE_URL", "postgresql://u:hunter2@db/app"),
        ("TENANTRY_OPERATOR_TOKEN", "hunter2hunter2hunter2hunter2hunter2"),
        ("TENANTRY_REDIS_URL", "redis://:hunter2@cache"),
    ];
    let debug = format!("{:?}", server(&secrets).unwrap());
    assert!(!debug.contains("hunter2") && !debug.contains("171, 171"), "{debug}");
    let broken = Scratch::new("broken.toml", "listen = 'x'\noperator_token = hunter2\n");
    let text = Config::load(Mode::Dev, &BTreeMap::new(), Some(&broken.0)).unwrap_err().to_string();
    assert!(text.contains("is not TOML: see line 2") && !text.contains("hunter2"), "{text}");
}

#[test]
fn the_environment_wins() {
    let file = Scratch::new(
        "wins.toml",
        "listen = '127.0.0.1:1'\nwarm_slots = 3\nallowed_origins = ['https://a.example', 'https://b.example']\n",
    );
    let environment = environment(&[("TENANTRY_LISTEN", "127.0.0.1:2"), ("TENANTRY_CONFIG", file.text())]);
    let config = Config::load(Mode::Dev, &environment, None).unwrap();
    assert_eq!((config.listen.port(), config.warm_slots), (2, 3));
    assert_eq!(config.allowed_origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn unknown_and_nested_keys_of_a_file_are_refused() {
    let file = Scratch::new(
        "unknown.toml",
        "listne = '127.0.0.1:1'\nTENANTRY_LISTEN = 'x'\n[server]\nlisten = 'x'\n",
    );
    let text = Config::load(Mode::Dev, &BTreeMap::new(), Some(&file.0)).unwrap_err().to_string();
    assert!(text.contains("listne in ") && text.contains("Perhaps listen is meant"), "{text}");
    assert!(text.contains("TENANTRY_LISTEN in ") && text.contains("server in "), "{text}");
    let text =
        Config::load(Mode::Dev, &BTreeMap::new(), Some(Path::new("/nowhere.toml"))).unwrap_err().to_string();
    assert!(text.contains("/nowhere.toml cannot be read") && text.contains("Check --config"), "{text}");
}

#[test]
fn secrets_come_from_files_too() {
    let file = Scratch::new("token", &format!("{TOKEN}\n"));
    let config = load(Mode::Dev, &[("TENANTRY_OPERATOR_TOKEN_FILE", file.text())]).unwrap();
    assert_eq!(config.operator_token, Some(Secret::new(TOKEN)));
    let both = [("TENANTRY_OPERATOR_TOKEN_FILE", file.text()), ("TENANTRY_OPERATOR_TOKEN", TOKEN)];
    assert!(load(Mode::Dev, &both).unwrap_err().to_string().contains("are both set. Keep one"));
    let errors =
        server(&[("TENANTRY_OPERATOR_TOKEN", ""), ("TENANTRY_OPERATOR_TOKEN_FILE", "/nowhere")]).unwrap_err();
    assert_eq!(keys_of(&errors), ["TENANTRY_OPERATOR_TOKEN_FILE"], "{errors}");
    // Only secrets have such a variant.
    assert!(load(Mode::Dev, &[("TENANTRY_LISTEN_FILE", file.text())]).is_err());
}

#[test]
fn an_open_listener_needs_tls_or_a_trusted_proxy() {
    let open = ("TENANTRY_LISTEN", "0.0.0.0:8080");
    for result in [server(&[open]), load(Mode::Dev, &[open]), server(&[("TENANTRY_LISTEN", "[::]:80")])] {
        let errors = result.unwrap_err();
        assert_eq!(keys_of(&errors), ["TENANTRY_LISTEN"]);
        assert!(errors.to_string().contains("TENANTRY_TRUSTED_PROXIES"), "{errors}");
    }
    assert!(server(&[open, ("TENANTRY_TRUSTED_PROXIES", "10.0.0.0/8")]).is_ok());
    for loopback in ["127.0.0.2:80", "[::1]:80"] {
        assert!(server(&[("TENANTRY_LISTEN", loopback)]).is_ok(), "{loopback}");
    }
    let pem = Scratch::new("pem", "");
    let tls = [open, ("TENANTRY_TLS_CERT", pem.text()), ("TENANTRY_TLS_KEY", pem.text())];
    assert_eq!(server(&tls).unwrap().public_url, "https://0.0.0.0:8080");
    assert_eq!(keys_of(&server(&tls[..2]).unwrap_err()), ["TENANTRY_TLS_KEY"]);
}

#[test]
fn an_empty_value_is_not_set_and_client_keys_are_tolerated() {
    let pairs = [("TENANTRY_LISTEN", ""), ("TENANTRY_URL", "http://x"), ("TENANTRY_TOKEN", "t")];
    assert_eq!(load(Mode::Dev, &pairs).unwrap().listen.port(), 8080);
}

#[test]
fn the_reference_names_every_key() {
    let page = reference_markdown();
    let mut missing = String::new();
    for key in keys::KEYS.iter().filter(|key| !page.contains(&format!("| `{}`", key.name))) {
        write!(missing, "{} ", key.name).unwrap();
    }
    assert!(missing.is_empty(), "{missing}");
}

#[test]
fn mail_goes_encrypted_or_stays_on_this_machine() {
    let url = |text: &str| {
        let pairs = [("TENANTRY_SMTP_URL", text), ("TENANTRY_MAIL_FROM", "Ops <ops@example.com>")];
        server(&pairs)
            .map(|config| config.smtp_url.unwrap().expose().to_owned())
            .map_err(|errors| errors.to_string())
    };
    for (given, meant) in [
        ("smtp://u:p%40@mail.example.com:2525", "smtp://u:p%40@mail.example.com:2525?tls=required"),
        ("smtp://mail.example.com?tls=required", "smtp://mail.example.com?tls=required"),
        ("smtps://u:p@mail.example.com", "smtps://u:p@mail.example.com"),
        ("smtp://127.0.0.1:2525?tls=none", "smtp://127.0.0.1:2525"),
        ("smtp://[::1]:2525?tls=none", "smtp://[::1]:2525"),
        ("smtp://localhost:25?tls=none", "smtp://localhost:25"),
    ] {
        assert_eq!(url(given).as_deref(), Ok(meant));
    }
    for refused in [
        "smtp://mail.example.com?tls=none",
        "smtp://10.0.0.1?tls=none",
        "smtp://127.0.0.1.example.com?tls=none",
        "smtp://localhost@mail.example.com?tls=none",
        "smtp://mail.example.com?tls=opportunistic",
        "smtps://mail.example.com?tls=none",
        "smtp://mail.example.com?tls=required&tls=none",
        "http://mail.example.com",
        "mail.example.com",
        "smtp://",
        "smtp://mail.example.com/hello",
    ] {
        assert!(url(refused).is_err_and(|text| text.contains("TENANTRY_SMTP_URL")), "{refused}");
    }
    let missing = server(&[("TENANTRY_SMTP_URL", "smtps://mail.example.com")]).unwrap_err();
    assert_eq!(keys_of(&missing), ["TENANTRY_MAIL_FROM"]);
    for from in ["nobody", "a@b@c", "", "Ops <ops@example.com>\r\nBcc: x@example.com"] {
        let refused = server(&[("TENANTRY_SMTP_URL", "smtps://m.example.com"), ("TENANTRY_MAIL_FROM", from)]);
        assert_eq!(keys_of(&refused.unwrap_err()), ["TENANTRY_MAIL_FROM"], "{from}");
    }
}
