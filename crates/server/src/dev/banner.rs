//! What `tenantry dev` says when it is up: where to look, as whom, and what the demo shows. At most 100 columns on usual paths.
//!
//! Owns: the text. Calls: nothing. Called by: dev.
//! Invariants: shows everything that a newcomer needs for a first call (`the_banner_says_where_to_look`). After a crash: nothing is left.

use crate::{commands::Failure, demo, http::health::VERSION};
use std::{
    fmt::{self, Write as _},
    io::Write as _,
    path::Path,
};

/// The facts of the text.
pub(crate) struct Banner<'a> {
    pub(crate) url: &'a str,
    pub(crate) token: &'a str,
    pub(crate) database: &'a str,
    pub(crate) data_dir: &'a Path,
    pub(crate) shown: Option<&'a demo::Shown>,
    /// Whether this binary has a console.
    pub(crate) console: bool,
}

impl Banner<'_> {
    /// Prints it on standard output, in one piece.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        let mut out = std::io::stdout();
        out.write_all(self.text()?.as_bytes())?;
        Ok(out.flush()?)
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let Self { url, token, database, data_dir, shown, .. } = self;
        let mut out = String::new();
        writeln!(out, "\n  Tenantry {VERSION} is up.\n")?;
        let console =
            if self.console { url } else { "not in this binary: run `make console`, then build it again" };
        writeln!(out, "  Console           {console}")?;
        writeln!(out, "  API               {url}")?;
        writeln!(out, "  API reference     {url}/docs")?;
        writeln!(out, "  Operator token    {token}")?;
        writeln!(out, "  Database          {database}")?;
        match shown {
            None => {
                writeln!(out, "\n  Make a tenant, from this folder in another terminal:\n")?;
                writeln!(
                    out,
                    "    tenantry tenant create acme --name Acme --admin-email admin@acme.example"
                )?;
            }
            Some(shown) => tell_demo(&mut out, shown, url)?,
        }
        writeln!(out, "\n  Ctrl-C stops everything. The data stay in {}.\n", data_dir.display())?;
        Ok(out)
    }
}

fn tell_demo(out: &mut String, shown: &demo::Shown, url: &str) -> fmt::Result {
    writeln!(out, "\n  Tenant    Tier      Workspace   Agents  Tasks  Messages  Schema")?;
    for tenant in &shown.tenants {
        let demo::ShownTenant { slug, tier, workspace, schema, rows, .. } = tenant;
        writeln!(
            out,
            "  {slug:<9} {tier:<9} {workspace:<11} {:>6}  {:>5}  {:>8}  {schema}",
            rows.agents, rows.tasks, rows.messages
        )?;
    }
    let demo::Proof { intruder, target, refusal } = &shown.proof;
    writeln!(
        out,
        "\n  Proof: {intruder}'s identity asked for a row of {target}, and PostgreSQL itself answered\n"
    )?;
    writeln!(out, "    {} (SQLSTATE {})", refusal.message, refusal.sql_state)?;
    if let Some(first) = shown.tenants.first() {
        writeln!(out, "\n  Read {}'s agents with its own API key, which is in that file:\n", first.slug)?;
        writeln!(out, "    curl -s {url}/v1/agents \\")?;
        writeln!(out, "      -H {}", quoted(&format!("@{}", first.header_file.display())))?;
    }
    Ok(())
}

/// One word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@/._-+:,=".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_core::{isolation::Refusal, workload::demo::Rows};

    fn tenant(slug: &str, tier: &str) -> demo::ShownTenant {
        demo::ShownTenant {
            slug: slug.to_owned(),
            tier: tier.to_owned(),
            workspace: "default".to_owned(),
            schema: "tenant_f0884352e9f772df".to_owned(),
            rows: Rows { agents: 2, tasks: 2, messages: 2 },
            header_file: "/srv/my src/.tenantry/demo/acme.header".into(),
        }
    }

    #[test]
    fn the_banner_says_where_to_look() {
        let refusal = Refusal {
            sql_state: "42501".to_owned(),
            message: "ERROR: permission denied for schema tenant_f0884352e9f772df".to_owned(),
        };
        let proof = demo::Proof { intruder: "globex".to_owned(), target: "acme".to_owned(), refusal };
        let shown = demo::Shown { tenants: vec![tenant("acme", "pro"), tenant("globex", "starter")], proof };
        let banner = Banner {
            url: "http://127.0.0.1:8080",
            token: &"0123456789abcdef".repeat(4),
            database: "private PostgreSQL 17.12 in /srv/my src/.tenantry",
            data_dir: Path::new(".tenantry"),
            shown: Some(&shown),
            console: true,
        };
        let text = banner.text().unwrap().replace(VERSION, "0.0.0");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        Tenantry 0.0.0 is up.

        Console           http://127.0.0.1:8080
        API               http://127.0.0.1:8080
        API reference     http://127.0.0.1:8080/docs
        Operator token    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        Database          private PostgreSQL 17.12 in /srv/my src/.tenantry

        Tenant    Tier      Workspace   Agents  Tasks  Messages  Schema
        acme      pro       default          2      2         2  tenant_f0884352e9f772df
        globex    starter   default          2      2         2  tenant_f0884352e9f772df

        Proof: globex's identity asked for a row of acme, and PostgreSQL itself answered

          ERROR: permission denied for schema tenant_f0884352e9f772df (SQLSTATE 42501)

        Read acme's agents with its own API key, which is in that file:

          curl -s http://127.0.0.1:8080/v1/agents \
            -H '@/srv/my src/.tenantry/demo/acme.header'

        Ctrl-C stops everything. The data stay in .tenantry.
        ");
        let plain = Banner { shown: None, console: false, ..banner }.text().unwrap();
        assert!(plain.contains("tenantry tenant create acme") && plain.contains("make console"), "{plain}");
    }
}
