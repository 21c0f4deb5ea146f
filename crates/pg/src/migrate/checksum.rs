//! Flyway's checksum of a migration file.
//!
//! Owns: no tables. Calls: nothing. Called by: `migrate::set`.
//! Invariants: the number is the one that Flyway stores for the same file (`agrees_with_flyway`); line ends do not count
//! (`line_ends_do_not_count`).
//! After a crash: nothing is left.

use crc32fast::Hasher;

/// U+FEFF, which some editors put first. Neither Flyway nor we pass it on.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// CRC-32 (as in zip and Java) over the UTF-8 bytes of every line without its line end; one leading byte order mark is
/// left out. A line ends with `\n`, `\r` or `\r\n`. The number is signed because `flyway_schema_history.checksum` is.
pub fn checksum(text: &str) -> i32 {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut hasher = Hasher::new();
    // `\r\n` gives an empty line in between, which adds nothing to the sum.
    for line in text.split(['\n', '\r']) {
        hasher.update(line.as_bytes());
    }
    i32::from_ne_bytes(hasher.finalize().to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Read from `flyway_schema_history.checksum` after Flyway 11.8.2 had run these files on PostgreSQL 15; the two with
    /// a stray byte order mark, which PostgreSQL refuses to run, from `flyway info`.
    const GOLDEN: &[(&str, i32)] = &[
        ("CREATE TABLE t1 (id int);\nINSERT INTO t1 VALUES (1);\n", 1_247_259_441),
        ("CREATE TABLE t1_1 (id int);\r\nINSERT INTO t1_1 VALUES (1);\r\n", -2_060_154_034),
        ("CREATE TABLE t1_2 (id int);\rINSERT INTO t1_2 VALUES (1);\r", -345_638_021),
        ("SELECT 1;", 78_787_420),
        ("\u{feff}SELECT 1;", 78_787_420),
        ("SELECT 'häß — 日本 🦀';\n", -248_715_719),
        ("\n\nSELECT 1;\n\n\n", 78_787_420),
        ("  SELECT 1;  \n\tSELECT 2;\t\n", -18_005_372),
        ("SELECT 1;\r\n\r\nSELECT 2;\n\rSELECT 3;\r\r\n", 1_589_608_666),
        ("-- nothing here\n", 552_342_527),
        ("", 0),
        ("\r", 0),
        ("\u{feff}", 0),
        ("SELECT 'a\u{2028}b\u{85}c\u{b}d\u{c}e';\n", 204_505_513),
        ("SELECT '\u{feff}';\n", -1_855_377_660),
        ("SELECT 1;\n-- \u{feff}\nSELECT 2;\n", 1_118_480_237),
        ("\u{feff}\u{feff}SELECT 1;\n", -1_606_921_097),
        ("\n\u{feff}SELECT 1;\n", -1_606_921_097),
        ("CREATE OR REPLACE VIEW v AS SELECT 1 AS x;\n", -861_875_769),
    ];

    #[test]
    fn agrees_with_flyway() {
        for (text, expected) in GOLDEN {
            assert_eq!(checksum(text), *expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn line_ends_do_not_count(lines in prop::collection::vec(r"[^\r\n\u{feff}]{0,20}", 0..10)) {
            let sum = checksum(&lines.concat());
            for line_end in ["\n", "\r\n", "\r"] {
                prop_assert_eq!(checksum(&lines.join(line_end)), sum);
            }
        }

        #[test]
        fn another_text_has_another_sum(text in r"[^\r\n\u{feff}]{1,40}") {
            prop_assert_ne!(checksum(&format!("{text}x")), checksum(&text));
        }
    }
}
