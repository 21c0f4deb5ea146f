//! Tests of the archive commands, each against a scripted server.

use crate::testing::{Folder, Hands, RUN, Ran, Reply, Server, json, run_json, tenant_json, with};
use std::{fs, io::Write, path::Path};
use tenantry_types::archive::{Head, PART_ROOM, RowSum, Writer, part};

/// A whole archive with one table of two rows.
fn archive() -> Vec<u8> {
    let head: Head = serde_json::from_str(
        r#"{"format":1,"product":"tenantry","created_at":"2026-03-04T11:00:00Z","tenant":{"id":"00000000-0000-0000-0000-000000000001",
        "slug":"acme","name":"Acme","plan_tier":"pro","admin_email":"a@acme.example","allowed_domains":[],"max_agents":null,
        "max_tasks_per_month":null,"storage_limit_gb":null},"workspaces":[],"schema_version":"1","template":"t",
        "tables":[{"name":"agents","folder":"tables/0001-agents","columns":[{"name":"id","type":"integer"}]}],"left_out":[]}"#,
    )
    .unwrap();
    let mut writer = Writer::new(&head);
    let mut bytes = writer.head(&head).unwrap();
    let mut rows = RowSum::default();
    rows.update(b"1\n2\n");
    bytes.extend(writer.seal(&part("tables/0001-agents", 1), [&[0; PART_ROOM][..], b"1\n2\n"].concat()));
    bytes.extend(writer.finish(vec![rows.of("agents")], Vec::new()).unwrap());
    bytes
}

/// An answer in chunks; without its `end` the connection is cut.
fn tar(bytes: Vec<u8>, end: bool) -> Reply {
    with(move |stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-tar\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        for chunk in bytes.chunks(1000) {
            write!(stream, "{:x}\r\n", chunk.len()).unwrap();
            stream.write_all(chunk).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(if end { b"0\r\n\r\n" } else { b"40\r\n" }).unwrap();
    })
}

fn exported(reply: Reply, folder: &Folder) -> Ran {
    let file = folder.path().join("a.tar");
    Hands::at(&Server::start(vec![reply])).run(&format!("tenant export acme --file {}", file.display()))
}

fn files(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_export_is_written_and_checked() {
    let folder = Folder::new();
    let ran = exported(tar(archive(), true), &folder);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("tenant  acme") && ran.out.contains("rows    2"), "{}", ran.out);
    assert_eq!(fs::read(folder.path().join("a.tar")).unwrap(), archive());
    assert_eq!(files(folder.path()), ["a.tar"]);
}

#[test]
fn an_export_may_go_to_standard_output() {
    let server = Server::start(vec![tar(archive(), true)]);
    let ran = Hands::at(&server).run("tenant export acme --file -");
    assert_eq!((ran.code, ran.out.as_bytes()), (0, &archive()[..]));
    assert_eq!(ran.err, "acme: 2 rows of 1 tables of acme, 0.0 MiB, whole\n");
    assert_eq!(server.seen()[0].target, "/v1/tenants/acme/export");
}

#[test]
fn a_broken_export_leaves_no_file() {
    let bytes = archive();
    let mut changed = bytes.clone();
    let at = changed.windows(4).position(|bytes| bytes == b"Acme").unwrap();
    changed[at] = b'B';
    for (reply, word) in [
        (tar(bytes[..bytes.len() - 3000].to_vec(), true), "ends after"),
        (tar(bytes[..bytes.len() - 3000].to_vec(), false), "broke off"),
        (tar(bytes.clone(), false), "broke off"),
        (tar(changed, true), "archive.json"),
        (tar(Vec::new(), true), "ends after 0 bytes"),
    ] {
        let folder = Folder::new();
        let ran = exported(reply, &folder);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{word}");
        assert!(ran.err.contains(word) && ran.err.contains("next:"), "{word}: {}", ran.err);
        assert!(files(folder.path()).is_empty(), "{word}");
    }
}

#[test]
fn a_refused_export_is_told() {
    let folder = Folder::new();
    let ran =
        exported(json(409, r#"{"code":"conflict","detail":"The tenant is still being made."}"#), &folder);
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: The tenant is still being made.\n"));
    assert!(files(folder.path()).is_empty());
}

#[test]
fn an_import_sends_the_file() {
    let folder = Folder::new();
    let file = folder.path().join("a.tar");
    fs::write(&file, archive()).unwrap();
    let made = format!(
        r#"{{"tenant":{},"run":{}}}"#,
        tenant_json("fresh", "provisioning"),
        run_json("pending", &[])
    );
    let server = Server::start(vec![json(202, &made)]);
    let line = format!("tenant import {} --slug fresh --admin-email a@b.example --no-wait", file.display());
    let ran = Hands::at(&server).run(&line);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("2 rows of 1 tables") && ran.err.contains(RUN), "{}", ran.err);
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/v1/tenants/import?slug=fresh&admin_email=a%40b%2Eexample");
    assert_eq!(
        (seen.header("content-type"), seen.body.as_bytes()),
        (Some("application/x-tar"), &archive()[..])
    );
}

#[test]
fn a_damaged_file_is_not_sent() {
    let folder = Folder::new();
    let file = folder.path().join("a.tar");
    let server = Server::start(vec![json(202, "{}")]);
    for (bytes, word) in
        [(archive()[..2000].to_vec(), "ends after"), (vec![b'x'; 600], "is not a tar header")]
    {
        fs::write(&file, bytes).unwrap();
        let ran = Hands::at(&server).run(&format!("tenant import {} --slug fresh", file.display()));
        assert_eq!((ran.code, server.seen().len()), (1, 0));
        assert!(ran.err.contains(word) && ran.err.contains("next:"), "{}", ran.err);
    }
    let ran = Hands::at(&server).run("tenant import /nowhere/a.tar --slug fresh");
    assert_eq!((ran.code, server.seen().len()), (2, 0));
}
