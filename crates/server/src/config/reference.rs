//! The reference page of the configuration, made from the table of keys.
//!
//! Owns: `docs/configuration.md`. Calls: `config::keys`. Called by: `cargo xtask codegen`.
//! Invariants: the checked-in page is the generated one (`the_checked_in_page_is_current`).
//! After a crash: nothing is left.

use super::keys::{Default, KEYS, TOLERATED};
use std::fmt::Write as _;

const HEAD: &str = "<!-- Made by `cargo xtask codegen` from the table in crates/server/src/config/keys.rs. Edit that. -->
# Configuration

The environment comes first, then an optional TOML file (`--config FILE` or `TENANTRY_CONFIG`), then the defaults.
In the file a key is written in lower case without `TENANTRY_`; lists may be arrays:

```toml
database_url_file = \"/run/secrets/database_url\"
listen = \"0.0.0.0:8443\"
tls_cert = \"/etc/tenantry/tls.crt\"
tls_key = \"/etc/tenantry/tls.key\"
warm_slots = 32
allowed_origins = [\"https://app.example.com\"]
```

- A `TENANTRY_*` variable or a key in the file that is not listed here is refused, so that a misspelt key is not silently
  ignored. (Kubernetes adds `TENANTRY_PORT…` and `TENANTRY_SERVICE_…` to pods when a Service is named `tenantry`: set
  `enableServiceLinks: false`.)
- All errors are reported at once. An error names the key and what to do, and never shows the value.
- An empty value counts as not set.
- A key marked *secret* may come from a file: `<KEY>_FILE` names it. One line break at its end is dropped.
- Without a certificate the server listens on loopback only, unless `TENANTRY_TRUSTED_PROXIES` names the proxy that
  terminates TLS.
- `server` needs `TENANTRY_SERVER_URL` or `DATABASE_URL`, `TENANTRY_MASTER_KEY` and `TENANTRY_OPERATOR_TOKEN`;
  `worker` needs `DATABASE_URL` and `TENANTRY_MASTER_KEY`; `dev` needs nothing.

| key | default | meaning | reason |
|---|---|---|---|
";

/// The page `docs/configuration.md`, Markdown.
pub fn reference_markdown() -> String {
    let mut page = HEAD.to_owned();
    for key in KEYS {
        let default = match key.default {
            Default::Text("") => "empty".to_owned(),
            Default::Text(text) => format!("`{text}`"),
            Default::Absent(consequence) => format!("none: {consequence}"),
        };
        let secret = if key.secret { " *secret*" } else { "" };
        // Writing to a String does not fail.
        let _ = writeln!(page, "| `{}`{secret} | {default} | {} | {} |", key.name, key.about, key.reason);
    }
    page.push_str("\nAlso known:\n\n| key | meaning |\n|---|---|\n");
    for (name, about) in TOLERATED {
        let _ = writeln!(page, "| `{name}` | {about} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == reference_markdown(),
            "docs/configuration.md is out of date: run `cargo xtask codegen`"
        );
    }
}
