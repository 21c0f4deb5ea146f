//! Rows in COPY's text format, with the ids in them that are others here.
//!
//! Owns: nothing. Calls: nothing. Called by: archive's load.
//! Invariants: only whole fields of mapped columns change, and turned round they are what they were (`mapped_rows_map_back`).
//! After a crash: nothing is left.

use std::collections::BTreeMap;
use tenantry_types::archive::{ArchivedColumn, row_end};
use uuid::Uuid;

/// The column that names a row's workspace, and the one that names its tenant, where they are uuid.
const WORKSPACE: &str = "workspace_id";
const TENANT: &str = "tenant_id";

/// Which ids are others here. An id that is not in it stays what it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    workspaces: BTreeMap<Vec<u8>, String>,
    tenants: BTreeMap<Vec<u8>, String>,
}

impl Mapping {
    pub(super) fn new(tenant: (Uuid, Uuid), workspaces: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        let pair = |(from, to): (Uuid, Uuid)| (from.to_string().into_bytes(), to.to_string());
        let others = |(from, to): &(Uuid, Uuid)| from != to;
        Self {
            workspaces: workspaces.into_iter().filter(others).map(pair).collect(),
            tenants: Some(tenant).into_iter().filter(others).map(pair).collect(),
        }
    }

    /// From here back to what the archive says.
    pub(super) fn turned(&self) -> Self {
        let turn = |map: &BTreeMap<Vec<u8>, String>| {
            map.iter()
                .map(|(from, to)| (to.clone().into_bytes(), String::from_utf8_lossy(from).into_owned()))
                .collect()
        };
        Self { workspaces: turn(&self.workspaces), tenants: turn(&self.tenants) }
    }

    /// The same for the columns of one table; `None` where its rows are taken as they are.
    pub(super) fn of_table(&self, columns: &[ArchivedColumn]) -> Option<TableMapping<'_>> {
        let columns: Vec<_> = columns
            .iter()
            .map(|column| match (column.name.as_str(), column.kind.as_str()) {
                (WORKSPACE, "uuid") => Some(&self.workspaces),
                (TENANT, "uuid") => Some(&self.tenants),
                _ => None,
            })
            .map(|map| map.filter(|map| !map.is_empty()))
            .collect();
        columns.iter().any(Option::is_some).then_some(TableMapping { columns })
    }
}

/// What to do with each column of a table.
#[derive(Debug, Clone)]
pub(super) struct TableMapping<'a> {
    columns: Vec<Option<&'a BTreeMap<Vec<u8>, String>>>,
}

impl TableMapping<'_> {
    /// Whole rows, mapped. A tab or a newline inside a field is written as an escape, so that a bare one always separates.
    pub(super) fn rows(&self, rows: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(rows.len());
        let mut rest = rows;
        while !rest.is_empty() {
            let (row, later) = rest.split_at(row_end(rest));
            rest = later;
            let (row, end) = row.strip_suffix(b"\n").map_or((row, &b""[..]), |row| (row, &b"\n"[..]));
            for (place, field) in row.split(|byte| *byte == b'\t').enumerate() {
                if place > 0 {
                    out.push(b'\t');
                }
                let map = self.columns.get(place).copied().flatten();
                let here = map.and_then(|map| map.get(field)).map_or(field, |text| text.as_bytes());
                out.extend_from_slice(here);
            }
            out.extend_from_slice(end);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(name: &str, kind: &str) -> ArchivedColumn {
        ArchivedColumn { name: name.to_owned(), kind: kind.to_owned() }
    }

    fn id(bits: u128) -> Uuid {
        Uuid::from_u128(bits)
    }

    #[test]
    fn only_ids_in_their_columns_change() {
        let mapping = Mapping::new((id(1), id(2)), [(id(3), id(4)), (id(5), id(5))]);
        let columns = [column("workspace_id", "uuid"), column("note", "text"), column("tenant_id", "uuid")];
        let table = mapping.of_table(&columns).unwrap();
        let rows = format!("{}\t{}\t{}\n\\N\t\t\\N\n{}\ta\\tb\t{}\n", id(3), id(3), id(1), id(1), id(9));
        let mapped = format!("{}\t{}\t{}\n\\N\t\t\\N\n{}\ta\\tb\t{}\n", id(4), id(3), id(2), id(1), id(9));
        assert_eq!(String::from_utf8(table.rows(rows.as_bytes())).unwrap(), mapped);
        assert!(mapping.of_table(&[column("workspace_id", "text"), column("id", "uuid")]).is_none());
        assert!(Mapping::new((id(1), id(1)), [(id(3), id(3))]).of_table(&columns).is_none());
    }

    proptest! {
        #[test]
        fn mapped_rows_map_back(rows in prop::collection::vec((0_u128..5, "[a-z\\\\ ]{0,9}", 0_u128..3), 0..20)) {
            let mapping = Mapping::new((id(1), id(101)), [(id(2), id(102)), (id(3), id(103))]);
            let columns = [column("workspace_id", "uuid"), column("note", "text"), column("tenant_id", "uuid")];
            let lines: Vec<String> = rows.iter().map(|(w, note, t)| format!("{}\t{note}\t{}\n", id(*w), id(*t))).collect();
            let text = lines.concat();
            let there = mapping.of_table(&columns).unwrap().rows(text.as_bytes());
            let turned = mapping.turned();
            let back = turned.of_table(&columns).unwrap().rows(&there);
            prop_assert_eq!(String::from_utf8(back).unwrap(), text);
        }
    }
}
