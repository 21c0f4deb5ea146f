//! Tables, lists and figures for people, at most 100 columns wide.
//!
//! Owns: how a time, a duration, a limit look. Calls: comfy-table. Called by: commands, progress, outcome.
//! Invariants: tables fit 100 columns (`tables_fit`); text of others cannot steer the terminal
//! (`control_characters_do_not_reach_the_terminal`). After a crash: nothing is left.

use chrono::{DateTime, TimeDelta, Utc};
use comfy_table::{ContentArrangement, Table, presets};
use std::fmt::Write as _;
use tenantry_types::run::Millis;

/// Columns of a table.
const WIDTH: u16 = 100;
/// Characters of a free text in a table.
const FREE_TEXT: usize = 32;

/// `text` without characters that steer a terminal: names are chosen by strangers.
pub(crate) fn clean(text: &str) -> String {
    // Besides control characters: marks that turn the direction of writing, which can make one name look like another.
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// `text`, shortened to fit a column.
pub(crate) fn short(text: &str) -> String {
    let text = clean(text);
    if text.chars().count() <= FREE_TEXT {
        return text;
    }
    text.chars().take(FREE_TEXT - 1).chain(['…']).collect()
}

/// Rows under a header, without lines between them; each line ends in its last character.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(header.map(str::to_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| clean(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// Names with their values, one to a line. Values are not wrapped, so that they can be copied.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let widest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in facts {
        let value = if value.is_empty() { "-".to_owned() } else { clean(value) };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<widest$}  {value}");
    }
    text
}

/// A time as seen from `now`: `3 min ago`, `in 2 h`; the date when it is more than 30 days away.
pub(crate) fn when(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let away = (now - time).abs();
    let length = match away {
        _ if away < TimeDelta::seconds(1) => return "just now".to_owned(),
        _ if away < TimeDelta::minutes(1) => format!("{} s", away.num_seconds()),
        _ if away < TimeDelta::hours(1) => format!("{} min", away.num_minutes()),
        _ if away < TimeDelta::days(1) => format!("{} h", away.num_hours()),
        _ if away < TimeDelta::days(2) => "1 day".to_owned(),
        _ if away <= TimeDelta::days(30) => format!("{} days", away.num_days()),
        _ => return time.date_naive().to_string(),
    };
    if time > now { format!("in {length}") } else { format!("{length} ago") }
}

/// A duration with the digits that matter: `0.8 ms`, `120 ms`, `3.4 s`, `2 min 5 s`.
pub(crate) fn took(millis: Millis) -> String {
    let micros = millis.micros.max(0);
    match micros {
        0..100_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        100_000..1_000_000 => format!("{} ms", micros / 1000),
        1_000_000..60_000_000 => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
        _ => format!("{} min {} s", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

/// A limit: `10,000`, or `unlimited`.
pub(crate) fn limit(limit: Option<u64>) -> String {
    let Some(limit) = limit else { return "unlimited".to_owned() };
    let digits = limit.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;
    use proptest::prelude::*;

    #[test]
    fn times_are_told_from_now() {
        let now = NOW.parse().unwrap();
        let told: Vec<String> = [0, 5, 59, 60, 3599, 3600, 86_399, 86_400, 172_800, 2_592_000, 2_600_000]
            .map(|seconds| when(now - TimeDelta::seconds(seconds), now))
            .into();
        assert_eq!(
            told,
            [
                "just now",
                "5 s ago",
                "59 s ago",
                "1 min ago",
                "59 min ago",
                "1 h ago",
                "23 h ago",
                "1 day ago",
                "2 days ago",
                "30 days ago",
                "2026-02-02"
            ]
        );
        assert_eq!(when(now + TimeDelta::minutes(60), now), "in 1 h");
    }

    #[test]
    fn durations_and_limits_are_readable() {
        let told = [812, 1_249, 99_999, 120_400, 3_456_000, 59_999_999, 125_000_000, -5]
            .map(|micros| took(Millis { micros }));
        assert_eq!(told, ["0.8 ms", "1.2 ms", "99.9 ms", "120 ms", "3.4 s", "59.9 s", "2 min 5 s", "0.0 ms"]);
        let told = [None, Some(0), Some(999), Some(1_000), Some(1_234_567)].map(limit);
        assert_eq!(told, ["unlimited", "0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}é"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}é");
        assert!(!table(["name"], [["x\u{1b}]0;y\u{7}".to_owned()]]).contains(['\u{1b}', '\u{7}']));
        assert!(!facts(&[("name", "x\u{1b}y\nz".to_owned())]).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn tables_fit(cells in proptest::collection::vec(["[a-z0-9-]{1,63}", "[ -~à-ü]{0,200}", "[a-z]{1,12}"], 0..4)) {
            let text = table(["slug", "name", "status"], cells.into_iter().map(|[slug, name, status]| [slug, short(&name), status]));
            for line in text.lines() {
                prop_assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
            }
        }
    }
}
