//! Colour, where the reader wants it.
//!
//! Owns: the escape sequences. Calls: nothing. Called by: outcome, progress, doctor.
//! Invariants: without colour the text is untouched (`no_colour_means_no_escapes`).
//! After a crash: nothing is left; every sequence is closed in the string that opens it.

/// What a piece of text says to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Done, healthy.
    Good,
    /// Look here some time.
    Warn,
    /// Failed.
    Bad,
    /// Less important.
    Dim,
}

/// `text` in `ink` when `colour` is wanted, else as it is.
pub(crate) fn paint(text: &str, ink: Ink, colour: bool) -> String {
    if !colour {
        return text.to_owned();
    }
    let code = match ink {
        Ink::Good => "32",
        Ink::Warn => "33",
        Ink::Bad => "1;31",
        Ink::Dim => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_means_no_escapes() {
        for ink in [Ink::Good, Ink::Warn, Ink::Bad, Ink::Dim] {
            assert_eq!(paint("acme", ink, false), "acme");
            let painted = paint("acme", ink, true);
            assert!(painted.starts_with('\u{1b}') && painted.ends_with("\u{1b}[0m"), "{painted:?}");
        }
    }
}
