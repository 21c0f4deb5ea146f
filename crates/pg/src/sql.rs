//! SQL text: quoting names and values, and writing a tenant's schema into statements.
//!
//! Owns: no tables. Calls: nothing. Called by: the scope, migrations, roles, placement.
//! Invariants: what is quoted is read back as one name or one value (`quoted_text_is_one_token`); only the bare qualifier
//! `tenant.` is replaced, never a text inside quotes or comments (`quotes_and_comments_stay`,
//! `every_replacement_is_accounted_for`).
//! After a crash: nothing is left.

pub(crate) mod lex;

use lex::{Kind, tokens};

/// The qualifier that statements write where a tenant's schema belongs, without its dot.
pub const TENANT_QUALIFIER: &str = "tenant";

/// Quotes a name (schema, role, table, column). Always quoted, so that neither case nor key words matter.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a value as a string constant, right under either setting of `standard_conforming_strings`.
///
/// For statements that take no parameters, such as `COMMENT ON` and `CREATE ROLE`; everywhere else use a parameter.
pub fn quote_literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        // The space keeps the `E` from growing onto a word before it.
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// Writes `schema_quoted` (a quoted name, see [`quote_ident`]) for each qualifier `tenant.` of a statement.
///
/// A qualifier is the lower-case, unquoted word `tenant` with a dot right behind it and none of `.`, `"`, `$` or an
/// identifier character right before it. Strings, dollar quotes, quoted names and comments stay as they are. An alias
/// named `tenant` cannot be told from the qualifier: statements must not use one.
pub fn substitute_tenant(sql: &str, schema_quoted: &str) -> String {
    let mut out = String::with_capacity(sql.len() + schema_quoted.len() * 4);
    for token in tokens(sql) {
        let qualifier = token.kind == Kind::Word
            && token.text == TENANT_QUALIFIER
            && sql[token.start + token.text.len()..].starts_with('.')
            && !sql[..token.start]
                .ends_with(|before: char| lex::continues_word(before) || before == '.' || before == '"');
        out.push_str(if qualifier { schema_quoted } else { token.text });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCHEMA: &str = "\"tenant_7f3\"";

    #[test]
    fn qualifiers_are_replaced() {
        for (sql, expected) in [
            ("SELECT id FROM tenant.agents", r#"SELECT id FROM "tenant_7f3".agents"#),
            ("tenant.a,(tenant.b)", r#""tenant_7f3".a,("tenant_7f3".b)"#),
            ("DELETE FROM tenant.a USING tenant.b", r#"DELETE FROM "tenant_7f3".a USING "tenant_7f3".b"#),
            (r#"SELECT tenant."Mixed""#, r#"SELECT "tenant_7f3"."Mixed""#),
            ("'a'\n||tenant.f()", "'a'\n||\"tenant_7f3\".f()"),
        ] {
            assert_eq!(substitute_tenant(sql, SCHEMA), expected);
        }
    }

    #[test]
    fn quotes_and_comments_stay() {
        for sql in [
            "SELECT 'tenant.a', 'it''s tenant.a'",
            r"SELECT E'\' tenant.a'",
            "SELECT $$tenant.a$$, $x$ $$ tenant.a $x$",
            r#"SELECT "tenant".a, "tenant.a", "x"tenant.a"#,
            "-- tenant.a",
            "/* /* */ tenant.a */",
            "SELECT public.tenant.a, my_tenant.a, tenants.a, Tenant.a, TENANT.a, tenant .a, $tenant.a, 1tenant.a",
        ] {
            assert_eq!(substitute_tenant(sql, SCHEMA), sql);
        }
    }

    #[test]
    fn quoting() {
        assert_eq!(quote_ident("Acme \"x\""), r#""Acme ""x""""#);
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\'b"), r" E'a\\''b'");
    }

    /// Statements made of pieces whose right answer is known: (piece, is it a qualifier).
    fn pieces() -> impl Strategy<Value = Vec<(&'static str, bool)>> {
        let piece = prop::sample::select(vec![
            ("tenant.", true),
            ("'tenant.a; '''", false),
            (r"E'\'tenant.a'", false),
            ("$q$ 'tenant.a $q$", false),
            ("\"tenant.\"", false),
            ("-- tenant.a '\n", false),
            ("/* tenant. /* ' */ */", false),
            ("xtenant.", false),
            ("Tenant.", false),
            ("tenants", false),
            ("$1", false),
            ("é", false),
        ]);
        prop::collection::vec(piece, 0..20)
    }

    proptest! {
        #[test]
        fn every_replacement_is_accounted_for(pieces in pieces()) {
            let build = |schema: &str| -> String {
                pieces.iter().map(|&(text, hit)| if hit { format!("{schema}. ") } else { format!("{text} ") }).collect()
            };
            let sql = build(TENANT_QUALIFIER);
            let out = substitute_tenant(&sql, SCHEMA);
            let hits = pieces.iter().filter(|(_, hit)| *hit).count();
            prop_assert_eq!(out.len(), sql.len() + hits * (SCHEMA.len() - TENANT_QUALIFIER.len()));
            prop_assert_eq!(&out, &build(SCHEMA));
            prop_assert_eq!(substitute_tenant(&out, SCHEMA), out, "a second pass finds nothing");
        }

        #[test]
        fn no_input_panics_and_no_qualifier_means_no_change(text in r#"([-'"$/*\\eE;.\r\n a1é]|\PC){0,60}"#) {
            let out = substitute_tenant(&text, SCHEMA);
            if !text.contains("tenant.") {
                prop_assert_eq!(out, text);
            }
        }

        #[test]
        fn quoted_text_is_one_token(text in r#"['"\\$a-cE \n-]{0,20}"#) {
            let literal = quote_literal(&text);
            let found: Vec<_> = tokens(literal.trim_start()).collect();
            // A doubled quote is seen as two neighbours; joined they are the whole, and no code is among them.
            prop_assert!(found.iter().all(|token| token.kind == Kind::Quoted), "{:?}", found);
            let body = literal.trim_start().trim_start_matches('E');
            prop_assert_eq!(body[1..body.len() - 1].replace("''", "'").replace("\\\\", "\\"), text.clone());
            let ident = quote_ident(&text);
            prop_assert!(tokens(&ident).all(|token| token.kind == Kind::Quoted));
            prop_assert_eq!(ident[1..ident.len() - 1].replace("\"\"", "\""), text);
        }
    }
}
