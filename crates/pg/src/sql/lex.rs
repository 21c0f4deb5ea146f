//! Cuts SQL text into tokens the way PostgreSQL's own scanner does, as far as quoting and comments go.
//!
//! Owns: no tables. Calls: nothing. Called by: `sql`, `migrate::script`.
//! Invariants: the tokens joined are the input, byte for byte, whatever the input (`tokens_join_to_the_input`); a quoted
//! text or a comment is never cut in two (`quotes_and_comments_are_single_tokens`).
//! After a crash: nothing is left.

/// What a token is, as far as our callers care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key word or an unquoted identifier.
    Word,
    /// A string, a dollar-quoted text or a quoted identifier, with its quotes.
    Quoted,
    /// `-- …` without its line end, or a whole nested `/* … */`.
    Comment,
    /// Digits, one operator character or one white-space character.
    Other,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Where it starts, in bytes.
    pub start: usize,
    /// Its text.
    pub text: &'a str,
}

/// The tokens of a text, from its start to its end. What is left open runs to the end.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = sql.get(start..).filter(|rest| !rest.is_empty())?;
        let (kind, length) = first(rest);
        // A token ends between characters: every length below is that of whole characters or of ASCII delimiters.
        let text = rest.get(..length).unwrap_or(rest);
        let token = Token { kind, start, text };
        start += text.len();
        Some(token)
    })
}

/// A character that may start an unquoted identifier. PostgreSQL takes every non-ASCII byte for a letter.
pub(crate) fn starts_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || !character.is_ascii()
}

/// A character that may stand inside an unquoted identifier.
pub(crate) fn continues_word(character: char) -> bool {
    starts_word(character) || character.is_ascii_digit() || character == '$'
}

fn first(rest: &str) -> (Kind, usize) {
    let Some(character) = rest.chars().next() else { return (Kind::Other, 0) };
    match character {
        '\'' => (Kind::Quoted, closed(rest, 1, '\'')),
        '"' => (Kind::Quoted, closed(rest, 1, '"')),
        'e' | 'E' if rest[1..].starts_with('\'') => (Kind::Quoted, escape_string(rest)),
        '$' => dollar(rest),
        '-' if rest.starts_with("--") => (Kind::Comment, rest.find(['\n', '\r']).unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Kind::Comment, block_comment(rest)),
        _ if starts_word(character) => (Kind::Word, run(rest, continues_word)),
        _ if character.is_ascii_digit() => (Kind::Other, run(rest, |next| next.is_ascii_digit())),
        _ => (Kind::Other, character.len_utf8()),
    }
}

/// Length of the leading characters that `belongs` accepts.
fn run(rest: &str, belongs: fn(char) -> bool) -> usize {
    rest.find(|character| !belongs(character)).unwrap_or(rest.len())
}

/// Where the quote ends. A doubled quote is read as two neighbours, which comes to the same.
fn closed(rest: &str, open: usize, quote: char) -> usize {
    rest[open..].find(quote).map_or(rest.len(), |at| open + at + quote.len_utf8())
}

/// `E'…'`: a backslash hides the next character. A second quoted part on a later line belongs to the same constant, and
/// its backslashes hide too.
fn escape_string(rest: &str) -> usize {
    let mut at = 2;
    loop {
        at = escaped_part(rest, at);
        match continuation(&rest[at..]) {
            Some(skip) => at += skip,
            None => return at,
        }
    }
}

fn escaped_part(rest: &str, open: usize) -> usize {
    let mut characters = rest[open..].char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '\'' if rest[open + at + 1..].starts_with('\'') => {
                characters.next();
            }
            '\'' => return open + at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// How far the next part's opening quote reaches, if white space with a line end, and line comments, are all that
/// stands before it.
fn continuation(rest: &str) -> Option<usize> {
    let mut at = 0;
    let mut line_ended = false;
    loop {
        let here = &rest[at..];
        match here.chars().next()? {
            '\'' => return line_ended.then_some(at + 1),
            '\n' | '\r' => {
                line_ended = true;
                at += 1;
            }
            ' ' | '\t' | '\x0b' | '\x0c' => at += 1,
            '-' if here.starts_with("--") => at += here.find(['\n', '\r'])?,
            _ => return None,
        }
    }
}

/// `$tag$ … $tag$`, a parameter `$1`, or a lone dollar.
fn dollar(rest: &str) -> (Kind, usize) {
    let tag = run(&rest[1..], |next| starts_word(next) || next.is_ascii_digit());
    let parameter = rest[1..].starts_with(|next: char| next.is_ascii_digit());
    if parameter {
        return (Kind::Other, 1 + run(&rest[1..], |next| next.is_ascii_digit()));
    }
    if !rest[1 + tag..].starts_with('$') {
        return (Kind::Other, 1);
    }
    let open = tag + 2;
    let end = rest[open..].find(&rest[..open]).map_or(rest.len(), |at| open + at + open);
    (Kind::Quoted, end)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest[at..].find(['/', '*']) {
        at += found;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_and_comments_are_single_tokens() {
        for (text, kind) in [
            ("'it; is'", Kind::Quoted),
            (r"E'a\'b; c'", Kind::Quoted),
            ("e'a''b'", Kind::Quoted),
            ("E'a'\n  -- why\n 'b\\'c'", Kind::Quoted),
            ("\"a;b\"", Kind::Quoted),
            ("$$a;'b$$", Kind::Quoted),
            ("$f_1$ a $$ ; $f$ $f_1$", Kind::Quoted),
            ("$é$;$é$", Kind::Quoted),
            ("-- it's; open", Kind::Comment),
            ("/* a /* b */ ; ' */", Kind::Comment),
            ("/*/ still open", Kind::Comment),
            ("'never closed; ", Kind::Quoted),
            ("foo$bar$baz", Kind::Word),
            ("größe", Kind::Word),
            ("$1", Kind::Other),
        ] {
            let found: Vec<_> = tokens(text).map(|token| (token.kind, token.text)).collect();
            assert_eq!(found, [(kind, text)]);
        }
    }

    #[test]
    fn look_alikes_are_told_apart() {
        let split = |text| tokens(text).map(|token| token.text).collect::<Vec<_>>();
        assert_eq!(split(r"fooE'\'"), ["fooE", r"'\'"], "the E belongs to the word: no escapes here");
        assert_eq!(split("E'a' 'b\\'"), ["E'a'", " ", r"'b\'"], "no line end, no continuation");
        assert_eq!(split("$1$$;$$"), ["$1", "$$;$$"]);
        assert_eq!(split("a$$;b$$"), ["a$$", ";", "b$$"], "a dollar inside a word opens no quote");
        assert_eq!(split("*--x"), ["*", "--x"]);
        assert_eq!(split("--x\r;"), ["--x", "\r", ";"]);
    }

    proptest! {
        #[test]
        fn tokens_join_to_the_input(text in r#"([-'"$/*\\eE;.\r\n a1é]|\$a\$|tenant\.|\PC){0,60}"#) {
            let mut at = 0;
            let mut joined = String::new();
            for token in tokens(&text) {
                prop_assert_eq!(token.start, at);
                prop_assert!(!token.text.is_empty());
                at += token.text.len();
                joined.push_str(token.text);
            }
            prop_assert_eq!(joined, text);
        }
    }
}
