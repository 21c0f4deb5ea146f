//! What benches do with their figures: where samples lie, and the file that keeps them.
//!
//! Owns: `target/bench`. Calls: nothing. Called by: benches, the load.
//! Invariants: a share of samples is one of them (`a_share_is_one_of_the_samples`). After a crash: a file is there whole, or not renewed.

use serde_json::{Value, json};
use std::path::Path;

/// Where samples lie.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// The median.
    pub p50: f64,
    /// Nineteen of twenty are not above.
    pub p95: f64,
    /// Ninety-nine of a hundred are not above.
    pub p99: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of these samples, in whatever unit; all 0 where there is none.
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let [p50, p95, p99, most] = [0.5, 0.95, 0.99, 1.0].map(|share| at(&samples, share));
        Self { count: samples.len(), p50, p95, p99, most }
    }

    /// For the file.
    pub fn json(&self) -> Value {
        let Self { count, p50, p95, p99, most } = self;
        json!({"count": count, "p50": p50, "p95": p95, "p99": p99, "max": most})
    }
}

fn at(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = (sorted.len().saturating_sub(1) as f64 * share).ceil() as usize;
    sorted.get(index).copied().unwrap_or_default()
}

/// The number behind a word of the command line.
pub fn argument(name: &str, default: usize) -> usize {
    std::env::args().skip_while(|arg| arg != name).nth(1).and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Writes `target/bench/<name>.json`.
pub fn write(name: &str, figures: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let (part, whole) = (folder.join(format!("{name}.json.part")), folder.join(format!("{name}.json")));
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&part, format!("{figures:#}\n")))
        .and_then(|()| std::fs::rename(&part, &whole));
    written.unwrap_or_else(|error| panic!("{}: {error}", whole.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_one_of_the_samples() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect());
        assert_eq!(
            (spread.count, spread.p50, spread.p95, spread.p99, spread.most),
            (100, 51.0, 96.0, 100.0, 100.0)
        );
        let one = Spread::of(vec![7.0]);
        assert_eq!((one.p50, one.p99, one.most), (7.0, 7.0, 7.0));
        assert_eq!(Spread::of(Vec::new()).p99.to_bits(), 0);
    }
}
