//! Splits a script into its statements, for files that run outside a transaction.
//!
//! PostgreSQL runs several statements of one message in one implicit transaction, which `CREATE INDEX CONCURRENTLY`
//! refuses; so they are sent one by one. Files that run in a transaction are never split.
//!
//! Owns: no tables. Calls: `sql::lex`. Called by: `migrate::apply`.
//! Invariants: a semicolon inside quotes, comments, parentheses or an SQL function body ends nothing
//! (`splits_where_psql_splits`, `statements_come_back_as_they_went_in`); no text but semicolons, white space and
//! comments is dropped (`nothing_but_separators_is_dropped`).
//! After a crash: nothing is left.

use crate::sql::lex::{Kind, tokens};

/// The statements in order, each without its semicolon and outer white space. Empty and comment-only ones are left out.
pub fn statements(script: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut state = State::default();
    for token in tokens(script) {
        if token.text == ";" && state.depth == 0 && state.bodies == 0 {
            state.end_statement(script, token.start, &mut found);
        } else {
            state.see(token.kind, token.text);
        }
    }
    state.end_statement(script, script.len(), &mut found);
    found
}

/// White space to PostgreSQL, which takes a no-break space for a letter.
fn white_space(character: char) -> bool {
    character.is_ascii_whitespace()
}

#[derive(Default)]
struct State {
    /// Where the statement starts, in bytes.
    start: usize,
    /// Whether anything but white space and comments was seen.
    has_code: bool,
    /// Open parentheses (`CREATE RULE … DO (a; b)`).
    depth: usize,
    /// Open `BEGIN` and `CASE` of a function body in SQL standard form (`BEGIN ATOMIC a; b; END`).
    bodies: usize,
    /// Words seen so far, up to the four that tell `CREATE OR REPLACE FUNCTION`.
    words: Vec<String>,
}

impl State {
    fn end_statement<'a>(&mut self, script: &'a str, end: usize, found: &mut Vec<&'a str>) {
        if self.has_code {
            found.push(script[self.start..end].trim_matches(white_space));
        }
        *self = Self { start: end + 1, ..Self::default() };
    }

    fn see(&mut self, kind: Kind, text: &str) {
        match (kind, text) {
            (Kind::Comment, _) => return,
            (Kind::Other, "(") => self.depth += 1,
            (Kind::Other, ")") => self.depth = self.depth.saturating_sub(1),
            (Kind::Word, word) => self.see_word(&word.to_ascii_lowercase()),
            _ => {}
        }
        self.has_code |= !text.chars().all(white_space);
    }

    /// The rule psql follows: only a function or procedure has a body, and `CASE` counts inside one alone.
    fn see_word(&mut self, word: &str) {
        if self.words.len() < 4 {
            self.words.push(word.to_owned());
        }
        if self.depth > 0 || !self.makes_routine() {
            return;
        }
        match word {
            "begin" => self.bodies += 1,
            "case" if self.bodies > 0 => self.bodies += 1,
            "end" => self.bodies = self.bodies.saturating_sub(1),
            _ => {}
        }
    }

    fn makes_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(
            words[..],
            ["create", "function" | "procedure", ..] | ["create", "or", "replace", "function" | "procedure"]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_where_psql_splits() {
        for (script, expected) in [
            ("", &[][..]),
            (" ; ;; -- nothing; here\n/* ; */ ;", &[]),
            ("SELECT 1", &["SELECT 1"]),
            ("SELECT ';'; SELECT E'\\';' ;", &["SELECT ';'", "SELECT E'\\';'"]),
            ("SELECT \"a;b\";\nSELECT $$;$$;", &["SELECT \"a;b\"", "SELECT $$;$$"]),
            ("-- why;\nSELECT 1; -- tail;", &["-- why;\nSELECT 1"]),
            (
                "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
                &["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"],
            ),
            (
                "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
                &[
                    "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end",
                    "select 3",
                ],
            ),
            ("BEGIN; SELECT 1; END;", &["BEGIN", "SELECT 1", "END"]),
            (
                "CREATE FUNCTION f() RETURNS int AS 'begin; end' LANGUAGE sql; SELECT 1",
                &["CREATE FUNCTION f() RETURNS int AS 'begin; end' LANGUAGE sql", "SELECT 1"],
            ),
        ] {
            assert_eq!(statements(script), expected, "{script}");
        }
    }

    fn statement() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "SELECT 1",
            "';'",
            "E'\\';'",
            "\";\"",
            "$$;$$",
            "$a$ ; $$ ' $a$",
            "/* ; ' */",
            "(a; b)",
            "x",
            "-- ;\n+ 1",
            "$1",
            "é",
        ]);
        prop::collection::vec(piece, 0..8)
            .prop_map(|pieces| format!("SELECT {}", pieces.join(" ")).trim_end().to_owned())
    }

    proptest! {
        #[test]
        fn statements_come_back_as_they_went_in(wanted in prop::collection::vec(statement(), 0..8)) {
            let script = wanted.join(" ;\n");
            prop_assert_eq!(statements(&script), wanted);
        }

        #[test]
        fn nothing_but_separators_is_dropped(script in r#"([-'"$/*\\eE;().\r\n a1é]|BEGIN|\PC){0,60}"#) {
            let code = |text: &str| -> String {
                tokens(text).filter(|token| token.kind != Kind::Comment).map(|token| token.text)
                    .collect::<String>().replace(';', "").split_whitespace().collect()
            };
            let kept: String = statements(&script).into_iter().map(code).collect();
            prop_assert_eq!(kept, code(&script));
        }
    }
}
