//! Where SQL may stand, and whose tables it may touch.
//!
//! Owns: no tables. Calls: `tree`, `modules`. Called by: `tidy`.
//! Invariants: SQL outside a store is found (`sql_in_a_handler_is_found`); a store that touches a table its module does
//! not own is found (`a_foreign_table_is_found`); English is not taken for SQL (`prose_is_not_sql`).
//! After a crash: nothing is left.

use super::{Finding, modules::head, rust::Literal, tree::Tree, words::has_word};
use std::collections::BTreeSet;

/// Product files outside stores that hold SQL: (path or folder, reason).
const HOMES: &[(&str, &str)] = &[
    ("crates/pg/", "the driver's own crate: transactions, roles, migrations"),
    (
        "crates/durable/src/lease.rs",
        "the one predicate of a free lease, which stores put into their statements",
    ),
    ("crates/core/src/placement/home.rs", "makes, guards and removes schemas and roles: DDL, no rows"),
];

/// Tables that a store touches without owning them: (path or folder, table, reason).
const READS: &[(&str, &str, &str)] = &[
    ("crates/core/src/audit/store/", "_events", "the sealer moves tenants' events to where they are sealed"),
    (
        "crates/core/src/audit/store/",
        "tenants",
        "the sealer finds tenants' schemas; a trail is found by its tenant's slug",
    ),
    (
        "crates/core/src/workload/",
        "_events",
        "a change and its audit event commit together, in the tenant's own schema",
    ),
    (
        "crates/core/src/identity/look/store.rs",
        "workspaces",
        "an identity in an archived workspace must be refused in the same look-up",
    ),
    (
        "crates/core/src/identity/invitations/store.rs",
        "workspaces",
        "a link into an archived workspace must not open, in the same look-up",
    ),
    ("crates/core/src/identity/invitations/store.rs", "tenants", "a link shows which tenant it leads to"),
    ("crates/core/src/identity/invitations/store.rs", "users", "a link shows the name of who invited"),
    (
        "crates/core/src/identity/members/store.rs",
        "workspaces",
        "nobody is anything in an archived workspace, in the same look-up",
    ),
    ("crates/core/src/identity/members/store.rs", "users", "a member is shown with name and address"),
    (
        "crates/core/src/identity/sign_in/store.rs",
        "users",
        "a link opens for the address that its user still has, in the same look-up",
    ),
    (
        "crates/core/src/placement/store/access.rs",
        "memberships",
        "the policy by which a tenant's login sees its own members' rows of users",
    ),
    (
        "crates/core/src/placement/store/inspect/public.rs",
        "memberships",
        "the same policy, as PostgreSQL prints it back",
    ),
    (
        "crates/core/src/placement/store/mod.rs",
        "tenants",
        "a claimed schema is labelled with its tenant's slug",
    ),
    (
        "crates/core/src/psql/store.rs",
        "slots",
        "a session's role and schema are its tenant's, whatever the server wrote",
    ),
    (
        "crates/core/src/archive/store/catalogue.rs",
        "stdin",
        "COPY's word for what the client sends, no table",
    ),
    (
        "crates/core/src/archive/store/mod.rs",
        "tenants",
        "an archive tells a tenant's own limits beside its tier",
    ),
    (
        "crates/core/src/archive/store/mod.rs",
        "slots",
        "an archive tells which files its schema was made from",
    ),
    (
        "crates/core/src/archive/store/mod.rs",
        "workspaces",
        "an archive tells them, archived ones too, and asks whether their ids are free",
    ),
    (
        "crates/core/src/psql/store.rs",
        "tenants",
        "a session that was asked for in the moment of a suspension is not opened",
    ),
];

/// No SQL outside `store.rs`, `store/`, and [`HOMES`].
pub(super) fn homes(tree: &Tree) -> Vec<Finding> {
    let strangers = tree
        .product()
        .filter(|(path, _)| !is_store(path) && !HOMES.iter().any(|(home, _)| path.starts_with(home)));
    let found = strangers.flat_map(|(path, source)| {
        source.product_strings().filter(|literal| is_sql(&literal.text)).map(move |literal| {
            Finding::new(
                path,
                literal.line,
                "SQL outside a store: move it to the `store.rs` of the module that owns the table",
            )
        })
    });
    found.collect()
}

/// A store names only tables that its module's head lists under `Owns:`.
pub(super) fn ownership(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.product().filter(|(path, _)| is_store(path)) {
        let owned = owned(tree, path);
        // Of the whole file: a statement may be put together from several strings.
        let made: BTreeSet<String> = source.product_strings().flat_map(ctes).collect();
        for literal in source.product_strings() {
            for (line, table) in tables(literal) {
                // REVOKE … FROM PUBLIC names everybody, not a table.
                if table == "public" {
                    continue;
                }
                let read = READS.iter().any(|(store, name, _)| path.starts_with(store) && *name == table);
                if !read && !owned.contains(&table) && !made.contains(&table) {
                    let text = format!(
                        "`{table}` is not among the tables that this module's head lists after `Owns:`: call its owner, \
                         add it there if it is ours, or to `READS` in xtask/src/tidy/sql.rs with a reason"
                    );
                    findings.push(Finding::new(path, line, text));
                }
            }
        }
    }
    findings
}

fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/")
}

/// The words after `Owns:` in the heads of the store and of its module.
fn owned(tree: &Tree, path: &str) -> BTreeSet<String> {
    let module = path.split_once("/store").map_or(path, |(module, _)| module);
    let heads = [
        path.to_owned(),
        format!("{module}/store/mod.rs"),
        format!("{module}/mod.rs"),
        format!("{module}.rs"),
    ];
    let mut words = BTreeSet::new();
    for text in heads.iter().filter_map(|file| tree.text(file)) {
        let head = head(text);
        let Some((_, rest)) = head.split_once("Owns:") else { continue };
        let list = rest.split("Calls:").next().unwrap_or(rest);
        words.extend(
            list.split(|character: char| !is_name(character))
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    words
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether a string is a statement, or a piece of one long enough to do harm.
fn is_sql(text: &str) -> bool {
    let text = without_comments(text);
    let words: Vec<String> = text
        .split(|character: char| !is_name(character))
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let follows = |first: &str, seconds: &[&str]| {
        words.windows(2).any(|pair| pair[0] == first && seconds.contains(&pair[1].as_str()))
    };
    let starts = |word: &str| words.first().is_some_and(|first| first == word);
    let objects = ["table", "role", "schema", "index", "policy", "function", "view", "unique", "owned"];
    has_word(&text, "SELECT")
        || (starts("select") || starts("with"))
            && words.contains(&"select".to_owned())
            && words.contains(&"from".to_owned())
        || starts("update") && words.contains(&"set".to_owned())
        || follows("insert", &["into"])
        || follows("delete", &["from"]) && !text.contains("to delete from")
        || ["create", "alter", "drop", "truncate"]
            .iter()
            .any(|verb| has_word(&text, &verb.to_ascii_uppercase()) && follows(verb, &objects))
        || ["GRANT", "REVOKE"]
            .iter()
            .any(|verb| has_word(&text, verb) && (has_word(&text, "TO") || has_word(&text, "FROM")))
}

/// The text with `-- …` comments blanked.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A word or a mark of a statement, with its line.
struct Token<'a> {
    line: usize,
    text: &'a str,
}

/// The tables a statement touches, each with its line.
fn tables(literal: &Literal) -> Vec<(usize, String)> {
    let text = without_comments(&literal.text);
    let tokens = tokens(&text, literal.line);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map_or("", |token| token.text);
        let starts_list = match token.text.to_ascii_uppercase().as_str() {
            "FROM" => !before.eq_ignore_ascii_case("DISTINCT") && !inside_call(&tokens, at),
            "JOIN" | "INTO" => true,
            "UPDATE" => !["FOR", "KEY", "DO", "ON", ","].iter().any(|word| before.eq_ignore_ascii_case(word)),
            _ => false,
        };
        if starts_list {
            collect(&tokens, at + 1, token.text, &mut found);
        }
    }
    found
}

/// Words, possibly with dots, and single marks; quoted texts are passed over.
fn tokens(text: &str, first_line: usize) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut line = first_line;
    while let Some(character) = text[at..].chars().next() {
        let length = match character {
            '\'' => text[at + 1..].find('\'').map_or(text.len() - at, |end| end + 2),
            _ if is_name(character) => {
                text[at..].find(|next: char| !is_name(next) && next != '.').unwrap_or(text.len() - at)
            }
            _ => character.len_utf8(),
        };
        let token = &text[at..at + length];
        if !character.is_whitespace() && character != '\'' && character != '\\' {
            tokens.push(Token { line, text: token });
        }
        line += token.matches('\n').count();
        at += length;
    }
    tokens
}

/// Names made by `WITH name AS (` and its like, which look like tables further on.
fn ctes(literal: &Literal) -> BTreeSet<String> {
    let text = without_comments(&literal.text);
    let tokens = tokens(&text, literal.line);
    let is = |token: &Token, word: &str| token.text.eq_ignore_ascii_case(word);
    let mut made = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate().skip(1) {
        let opens = tokens
            .get(at + 1)
            .is_some_and(|next| next.text == "(" || is(next, "MATERIALIZED") || is(next, "NOT"));
        if !is(token, "AS") || !opens {
            continue;
        }
        // `name (a, b) AS (` as well as `name AS (`.
        let mut name = at - 1;
        if tokens[name].text == ")" {
            name = tokens[..name]
                .iter()
                .rposition(|token| token.text == "(")
                .map_or(0, |open| open.saturating_sub(1));
        }
        made.insert(tokens[name].text.to_ascii_lowercase());
    }
    made
}

/// `EXTRACT(epoch FROM x)` and its like: the FROM belongs to a function.
fn inside_call(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0_usize;
    for (index, token) in tokens[..at].iter().enumerate().rev() {
        match token.text {
            ")" => depth += 1,
            "(" if depth > 0 => depth -= 1,
            "(" => {
                let before =
                    index.checked_sub(1).map_or("", |before| tokens[before].text).to_ascii_lowercase();
                return ["extract", "substring", "trim", "overlay", "position"].contains(&before.as_str());
            }
            _ => {}
        }
    }
    false
}

/// Reads `a, b AS c, only d` from `at` on; functions, subqueries, placeholders and catalogues are no tables of ours.
fn collect(tokens: &[Token], mut at: usize, keyword: &str, found: &mut Vec<(usize, String)>) {
    while tokens
        .get(at)
        .is_some_and(|token| ["only", "lateral"].contains(&token.text.to_ascii_lowercase().as_str()))
    {
        at += 1;
    }
    let Some(token) = tokens.get(at) else { return };
    let called =
        !keyword.eq_ignore_ascii_case("INTO") && tokens.get(at + 1).is_some_and(|next| next.text == "(");
    let name = token.text.rsplit('.').next().unwrap_or(token.text).to_ascii_lowercase();
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let placeholder = at.checked_sub(1).is_some_and(|before| tokens[before].text == "{");
    let catalogue = token.text.starts_with("pg_") || token.text.starts_with("information_schema");
    if starts_well && !called && !placeholder && !catalogue && name != "select" && name != "set" {
        found.push((token.line, name));
    }
    if !keyword.eq_ignore_ascii_case("FROM") || called || !starts_well {
        return;
    }
    // An alias may stand before the comma.
    let comma = (at + 1..tokens.len().min(at + 4)).find(|&next| tokens[next].text == ",");
    let plain = |range: std::ops::Range<usize>| {
        tokens[range].iter().all(|token| token.text.chars().all(is_name) && !is_clause(token.text))
    };
    if let Some(comma) = comma
        && plain(at + 1..comma)
    {
        collect(tokens, comma + 1, keyword, found);
    }
}

fn is_clause(word: &str) -> bool {
    let clauses = [
        "where",
        "order",
        "group",
        "join",
        "left",
        "on",
        "using",
        "limit",
        "for",
        "union",
        "returning",
        "having",
    ];
    clauses.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
