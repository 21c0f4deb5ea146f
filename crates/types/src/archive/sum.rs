//! The sum of a table's rows: how many, how long, and a checksum that does not mind their order.
//!
//! Owns: nothing. Calls: nothing. Called by: archive's check, core's archive.
//! Invariants: the same rows in any order, cut anywhere, have the same sum, and other rows another (`the_sum_minds_rows_and_not_their_order`).
//! After a crash: nothing is left.

use super::{TableSum, hex};
use sha2::{Digest, Sha256};
use std::io::BufRead;

/// Sums rows of COPY's text format as they come: every row ends with a newline, and none has one inside.
#[derive(Debug, Clone, Default)]
pub struct RowSum {
    row: Sha256,
    /// Whether a row has begun and not ended.
    open: bool,
    sum: [u8; 32],
    rows: u64,
    bytes: u64,
}

impl RowSum {
    /// Takes what comes next; it may begin and end anywhere.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(row_end(rest));
            rest = later;
            self.row.update(piece);
            self.open = !piece.ends_with(b"\n");
            if !self.open {
                self.rows += 1;
                add(&mut self.sum, &self.row.finalize_reset().into());
            }
        }
    }

    /// Whether the last row is whole.
    pub fn is_whole(&self) -> bool {
        !self.open
    }

    /// Whole rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum, under the table's name.
    pub fn of(&self, name: &str) -> TableSum {
        TableSum { name: name.to_owned(), rows: self.rows, bytes: self.bytes, rows_sha256: hex(&self.sum) }
    }
}

/// Behind the first newline, or all of it. `BufRead` looks for a byte faster than a loop of ours would, and every byte of an archive
/// comes by here several times.
pub fn row_end(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    // Reading from memory cannot fail.
    rest.skip_until(b'\n').unwrap_or(bytes.len())
}

/// `sum += value`, big-endian, modulo 2^256.
fn add(sum: &mut [u8; 32], value: &[u8; 32]) {
    let mut carry = 0_u16;
    for (to, from) in sum.iter_mut().zip(value).rev() {
        let both = u16::from(*to) + u16::from(*from) + carry;
        carry = both >> 8;
        *to = both.to_be_bytes()[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum<'a>(rows: impl IntoIterator<Item = &'a String>) -> TableSum {
        let mut sum = RowSum::default();
        rows.into_iter().for_each(|row| sum.update(format!("{row}\n").as_bytes()));
        sum.of("t")
    }

    proptest! {
        #[test]
        fn the_sum_minds_rows_and_not_their_order(mut rows in prop::collection::vec("[a-z\t]{0,9}", 1..20), cut in 0_usize..200) {
            let whole = sum(&rows);
            let text = format!("{}\n", rows.join("\n"));
            let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
            let mut cut = RowSum::default();
            cut.update(one);
            cut.update(other);
            prop_assert_eq!(&cut.of("t"), &whole);
            prop_assert!(cut.is_whole());
            rows.reverse();
            prop_assert_eq!(&sum(&rows), &whole);
            let twice: Vec<String> = rows.iter().chain(&rows[..1]).cloned().collect();
            prop_assert_ne!(sum(&twice).rows_sha256, whole.rows_sha256.clone());
            rows[0].push('x');
            prop_assert_ne!(sum(&rows).rows_sha256, whole.rows_sha256);
        }
    }

    #[test]
    fn a_row_without_its_end_is_not_whole() {
        let mut sum = RowSum::default();
        sum.update(b"a\nb");
        assert_eq!((sum.is_whole(), sum.rows()), (false, 1));
    }
}
