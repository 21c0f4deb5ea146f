//! Cuts Rust source into code, strings and comments, so that rules do not take words for deeds.
//!
//! Owns: no tables. Calls: nothing. Called by: `tree`, and through it every rule.
//! Invariants: a quote inside a comment, a comment inside a string and a quote character are told apart
//! (`pieces_are_told_apart`); test modules are left out of `product` (`test_modules_are_marked`).
//! After a crash: nothing is left.

/// A source file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// The text as it is.
    pub(crate) text: String,
    /// The text with comments and the insides of strings blanked, line by line.
    pub(crate) code: Vec<String>,
    /// Every string literal outside comments.
    pub(crate) strings: Vec<Literal>,
    /// For each line, whether it stands in an item under `#[cfg(test)]`.
    pub(crate) test: Vec<bool>,
}

/// A string literal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The line of its opening quote, from 1.
    pub(crate) line: usize,
    /// What stands between the quotes, escapes as written.
    pub(crate) text: String,
}

impl Source {
    /// The lines that are not tests: number from 1, code.
    pub(crate) fn product_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.iter().zip(&self.test).enumerate();
        lines.filter(|(_, (_, test))| !**test).map(|(index, (line, _))| (index + 1, line.as_str()))
    }

    /// The strings that are not tests'.
    pub(crate) fn product_strings(&self) -> impl Iterator<Item = &Literal> {
        self.strings.iter().filter(|literal| !self.test.get(literal.line - 1).copied().unwrap_or(false))
    }
}

/// Reads a source file.
pub(crate) fn read(text: &str) -> Source {
    let mut code = String::with_capacity(text.len());
    let mut strings = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (piece, length) = first(rest, text[..at].chars().next_back());
        let taken = &rest[..length];
        match piece {
            Piece::Code => code.push_str(taken),
            Piece::Comment => blank(taken, &mut code),
            Piece::Text { open, close } => {
                let line = text[..at].matches('\n').count() + 1;
                let inside = taken.get(open..length.saturating_sub(close)).unwrap_or_default();
                strings.push(Literal { line, text: inside.to_owned() });
                code.push_str(&taken[..open]);
                blank(&taken[open..], &mut code);
            }
        }
        at += length;
    }
    let code: Vec<String> = code.lines().map(str::to_owned).collect();
    let marks = test_lines(&code);
    Source { text: text.to_owned(), code, strings, test: marks }
}

enum Piece {
    Code,
    Comment,
    /// Lengths of what stands before and after the inside.
    Text {
        open: usize,
        close: usize,
    },
}

fn blank(text: &str, code: &mut String) {
    code.extend(text.chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
}

fn first(rest: &str, before: Option<char>) -> (Piece, usize) {
    let whole = rest.chars().next().map_or(1, char::len_utf8);
    if rest.starts_with("//") {
        return (Piece::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Piece::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        let length = quoted(rest);
        return (Piece::Text { open: 1, close: 1 }, length);
    }
    let inside_word = before.is_some_and(|character| character.is_alphanumeric() || character == '_');
    if !inside_word && let Some((open, length)) = raw_string(rest) {
        return (Piece::Text { open, close: open - rest.find('r').unwrap_or(0) - 1 }, length);
    }
    if rest.starts_with('\'')
        && let Some(length) = character(rest)
    {
        return (Piece::Code, length);
    }
    (Piece::Code, whole)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
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

fn quoted(rest: &str) -> usize {
    let mut bytes = rest.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`: length up to the inside, and of the whole.
fn raw_string(rest: &str) -> Option<(usize, usize)> {
    let start = if rest.starts_with("br") { 2 } else { usize::from(rest.starts_with('r')) };
    let hashes = rest.get(start..)?.bytes().take_while(|&byte| byte == b'#').count();
    let open = start + hashes + 1;
    if start == 0 || !rest[start + hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some((open, rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len())))
}

/// A character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.get(1..)?;
    if inside.starts_with('\\') {
        return rest.get(3..)?.find('\'').map(|at| at + 4);
    }
    let length = inside.chars().next()?.len_utf8();
    inside[length..].starts_with('\'').then_some(length + 2)
}

/// Marks the items under `#[cfg(test)]`: up to their `;`, or to the brace that closes them.
fn test_lines(code: &[String]) -> Vec<bool> {
    let mut marks = vec![false; code.len()];
    let mut at = 0;
    while at < code.len() {
        if code[at].trim_start().starts_with("#[cfg(test)]") {
            let end = item_end(code, at);
            marks[at..=end].fill(true);
            at = end;
        }
        at += 1;
    }
    marks
}

fn item_end(code: &[String], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, line) in code.iter().enumerate().skip(start) {
        for character in line.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth <= 1 => return index,
                '}' => depth -= 1,
                ';' if depth == 0 => return index,
                _ => {}
            }
        }
    }
    code.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_told_apart() {
        let text = r##"
let a = "x // y"; // it's "no" string
/* "a /* nested */ b" */ let b = 'x'; let c: &'a str = "q\"r";
let d = r#"raw "s" \"#; let e = '"'; let f = b"t"; let g = '\''; let h = "u";
"##;
        let source = read(text);
        let strings: Vec<_> =
            source.strings.iter().map(|literal| (literal.line, literal.text.as_str())).collect();
        assert_eq!(strings, [(2, "x // y"), (3, r#"q\"r"#), (4, r#"raw "s" \"#), (4, "t"), (4, "u")]);
        assert!(!source.code.concat().contains("nested") && !source.code.concat().contains("it's"));
        assert!(source.code[3].contains("let h = "));
    }

    #[test]
    fn test_modules_are_marked() {
        let source = read(
            "fn a() {}\n#[cfg(test)]\nmod tests;\nfn b() {}\n#[cfg(test)]\nmod t {\n fn c() { \"}\"; }\n}\nfn d() {}\n",
        );
        assert_eq!(source.test, [false, true, true, false, true, true, true, true, false]);
    }
}
