//! An archive, written, cut, changed and checked.

use super::*;
use proptest::prelude::*;

fn head(tables: &[&str]) -> Head {
    let table = |(place, name): (usize, &&str)| ArchivedTable {
        name: (*name).to_owned(),
        folder: folder(place, name),
        columns: vec![ArchivedColumn { name: "id".to_owned(), kind: "integer".to_owned() }],
    };
    Head {
        format: FORMAT,
        product: "tenantry 0".to_owned(),
        created_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        tenant: ArchivedTenant {
            id: Uuid::nil(),
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            plan_tier: Tier::Free,
            admin_email: "a@acme.example".to_owned(),
            allowed_domains: Vec::new(),
            max_agents: None,
            max_tasks_per_month: None,
            storage_limit_gb: None,
        },
        workspaces: Vec::new(),
        schema_version: "1".to_owned(),
        template: "t".to_owned(),
        tables: tables.iter().enumerate().map(table).collect(),
        left_out: Vec::new(),
    }
}

/// Members of an archive with these tables, each given by its parts; the manifest last.
fn members(tables: &[(&str, Vec<&str>)]) -> Vec<Vec<u8>> {
    let head = head(&tables.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let mut writer = Writer::new(&head);
    let mut out = vec![writer.head(&head).unwrap()];
    let mut sums = Vec::new();
    for (table, (name, parts)) in head.tables.iter().zip(tables) {
        let mut rows = RowSum::default();
        for (number, text) in (1..).zip(parts) {
            rows.update(text.as_bytes());
            let buffer = [&[0; PART_ROOM], text.as_bytes()].concat();
            out.push(writer.seal(&part(&table.folder, number), buffer));
        }
        sums.push(rows.of(name));
    }
    out.push(writer.finish(sums, vec![SequenceAt { name: "s".to_owned(), last: Some(7) }]).unwrap());
    out
}

fn sample() -> Vec<Vec<u8>> {
    members(&[("agents", vec!["1\ta\n2", "\tb\n"]), ("empty", vec![]), ("Täsks/..", vec!["3\n"])])
}

/// Checks in pieces of `size`; the rows that were seen.
fn check(bytes: &[u8], size: usize) -> Result<(Whole, Vec<(usize, String)>), Refusal> {
    let (mut check, mut rows) = (Check::default(), Vec::<(usize, String)>::new());
    for piece in bytes.chunks(size) {
        check.push(piece, &mut |table, bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            match rows.last_mut() {
                Some((last, all)) if *last == table => all.push_str(&text),
                _ => rows.push((table, text)),
            }
        })?;
    }
    Ok((check.finish()?, rows))
}

#[test]
fn what_is_written_is_whole() {
    let bytes = sample().concat();
    for size in [1, 7, 511, 512, 513, 1 << 20] {
        let (whole, rows) = check(&bytes, size).unwrap();
        assert_eq!(rows, [(0, "1\ta\n2\tb\n".to_owned()), (2, "3\n".to_owned())]);
        assert_eq!(whole.head, head(&["agents", "empty", "Täsks/.."]));
        assert_eq!(whole.manifest.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!((whole.bytes, whole.manifest.sequences[0].last), (bytes.len() as u64, Some(7)));
    }
    assert_eq!(head(&["Täsks/.."]).tables[0].folder, "tables/0001-T_sks___");
}

#[test]
fn a_changed_byte_is_found() {
    let members = sample();
    let names: Vec<String> = members.iter().map(|member| read_name(member)).collect();
    for (place, name) in names.iter().enumerate() {
        for at in (0..members[place].len()).step_by(3) {
            let mut changed = members.clone();
            changed[place][at] ^= 1;
            let Err(refusal) = check(&changed.concat(), 4096) else {
                // The blanks around the checksum of a header, and nothing else, may be others.
                assert!((148..156).contains(&at), "{name} {at}");
                continue;
            };
            // What is wrong in a part is told of that part, unless its header does not even tell its name.
            if name.starts_with("tables/") && (512..512 + size(&members[place])).contains(&at) {
                assert_eq!((refusal.kind, &refusal.member), (RefusalKind::Checksum, name), "{refusal}");
            }
        }
    }
}

fn read_name(member: &[u8]) -> String {
    tar::read(member[..512].try_into().unwrap()).unwrap().unwrap().name
}

fn size(member: &[u8]) -> usize {
    usize::try_from(tar::read(member[..512].try_into().unwrap()).unwrap().unwrap().size).unwrap()
}

#[test]
fn an_archive_that_stops_is_truncated() {
    let bytes = sample().concat();
    // The last of the two blocks of zeros tells nothing that the first did not.
    for end in (0..bytes.len() - 512).step_by(97) {
        assert_eq!(check(&bytes[..end], 1000).unwrap_err().kind, RefusalKind::Truncated, "{end}");
    }
    let early_end = [sample()[..3].concat(), vec![0; 1024]].concat();
    assert_eq!(check(&early_end, 512).unwrap_err().kind, RefusalKind::Truncated);
}

#[test]
fn members_out_of_order_are_refused() {
    let members = sample();
    let last = members.len() - 1;
    for (one, other) in [(0, 1), (1, 2), (2, 3), (1, last)] {
        let mut mixed = members.clone();
        mixed.swap(one, other);
        let refusal = check(&mixed.concat(), 512).unwrap_err();
        assert!(
            matches!(refusal.kind, RefusalKind::Order | RefusalKind::Truncated),
            "{one} {other}: {refusal}"
        );
    }
    let mut without = members.clone();
    without.remove(2);
    assert_eq!(check(&without.concat(), 512).unwrap_err().kind, RefusalKind::Truncated);
    let mut twice = members.clone();
    twice.insert(1, members[1].clone());
    assert_eq!(check(&twice.concat(), 512).unwrap_err().kind, RefusalKind::Order);
    let behind = [members.concat(), b"x".to_vec()].concat();
    assert_eq!(check(&behind, 512).unwrap_err().kind, RefusalKind::Checksum);
}

#[test]
fn another_format_is_named() {
    let told = serde_json::to_string(&head(&[])).unwrap().replacen("\"format\":1", "\"format\":9", 1);
    let mut bytes = tar::header(HEAD, told.len() as u64, 0).to_vec();
    bytes.extend(told.as_bytes());
    let refusal = check(&bytes, 512).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Format);
    assert!(refusal.to_string().contains("format 9"), "{refusal}");
}

#[test]
fn a_size_that_is_only_told_is_refused() {
    for (name, size) in [(HEAD, HEAD_BYTES as u64 + 1), (HEAD, tar::LARGEST), (HEAD, 0)] {
        assert_eq!(check(&tar::header(name, size, 0), 512).unwrap_err().kind, RefusalKind::Malformed);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_or_allocate(
        noise in prop::collection::vec(any::<u8>(), 0..2000), at in 0_usize..6000, told in 0..=tar::LARGEST, size in 1_usize..700,
    ) {
        prop_assert!(check(&noise, size).is_err());
        // A sound header with any size, and noise behind it.
        let headed = [tar::header(HEAD, told, 0).to_vec(), noise.clone()].concat();
        let mut taken = Check::default();
        let _ = taken.push(&headed, &mut |_, _| {});
        prop_assert!(taken.held() <= 2 * headed.len() + tar::BLOCK, "{} of {}", taken.held(), headed.len());
        // A sound archive with noise in it.
        let mut bytes = sample().concat();
        let at = at.min(bytes.len());
        bytes.splice(at..at, noise.iter().copied());
        prop_assert!(noise.is_empty() || check(&bytes, size).is_err() || noise.iter().all(|byte| *byte == 0));
    }
}
