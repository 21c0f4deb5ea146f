//! `tenant export` and `tenant import`: one tenant as a file, checked on this side too.
//!
//! Owns: the file. Calls: /v1/tenants/{slug}/export, /v1/tenants/import, follow. Called by: dispatch.
//! Invariants: a file has its name only once it was checked from end to end (`a_broken_export_leaves_no_file`); what is not whole is not
//! sent (`a_damaged_file_is_not_sent`). After a crash: a `.part` file is left, which the next export of the same name replaces.

use super::{Ctx, tenant};
use crate::{
    api::{Answer, encode, with_query},
    args::{ExportArgs, ImportArgs},
    outcome::{Exit, Failure},
    render::facts,
};
use indicatif::ProgressBar;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use tenantry_types::{
    archive::{Check, MEDIA_TYPE, Refusal, RefusalKind, Whole},
    tenant::TenantAndRun,
};

const PIECE: usize = 1 << 16;

/// `tenant export`.
pub(crate) fn export(ctx: &mut Ctx<'_, '_>, args: &ExportArgs) -> Result<Exit, Failure> {
    let path = format!("/v1/tenants/{}/export", encode(&args.slug));
    let source = ctx.api.download(&path, MEDIA_TYPE)?;
    let live = bar(ctx);
    if args.file.as_deref() == Some(Path::new("-")) {
        let whole = copy(source, &mut ctx.world.out, &live)?;
        ctx.world.out.flush()?;
        ctx.say(&told(&args.slug, &whole))?;
        return Ok(Exit::Done);
    }
    let name = args.file.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}-{}.tar", args.slug, ctx.world.clock.now().format("%Y-%m-%d")))
    });
    let file = ctx.world.folder.join(&name);
    let whole = to_file(source, &file, &live)?;
    let json = serde_json::json!({
        "file": name, "bytes": whole.bytes, "sha256": whole.sha256, "tenant": whole.head.tenant.slug,
        "tables": whole.manifest.tables.len(), "rows": rows(&whole),
    });
    ctx.result(&json.to_string(), |_| {
        facts(&[
            ("file", name.display().to_string()),
            ("tenant", whole.head.tenant.slug.clone()),
            ("tables", whole.manifest.tables.len().to_string()),
            ("rows", rows(&whole).to_string()),
            ("bytes", whole.bytes.to_string()),
            ("sha256", whole.sha256.clone()),
        ])
    })?;
    Ok(Exit::Done)
}

/// `tenant import`.
pub(crate) fn import(ctx: &mut Ctx<'_, '_>, args: &ImportArgs) -> Result<Exit, Failure> {
    let file = ctx.world.folder.join(&args.file);
    let unreadable = |error: &io::Error| {
        Failure::local("io", format!("{} cannot be read: {error}", args.file.display())).exit(Exit::Usage)
    };
    let live = bar(ctx);
    let opened = File::open(&file).map_err(|error| unreadable(&error))?;
    let whole = copy(opened, &mut io::sink(), &live)?;
    live.finish_and_clear();
    ctx.say(&told(&args.file.display().to_string(), &whole))?;
    let query = [
        ("slug", Some(args.slug.as_str())),
        ("name", args.name.as_deref()),
        ("admin_email", args.admin_email.as_deref()),
        ("plan_tier", args.tier.as_deref()),
    ];
    // Opened anew: it is sent from its beginning.
    let opened = File::open(&file).map_err(|error| unreadable(&error))?;
    let path = with_query("/v1/tenants/import", &query);
    let made: Answer<TenantAndRun> = ctx.api.upload(&path, MEDIA_TYPE, &opened)?;
    tenant::follow_made(ctx, &args.slug, &made, args.wait, args.no_wait)
}

/// Into `<file>.part`, which gets its name once it was checked and is on the disk.
fn to_file(source: impl Read, file: &Path, live: &ProgressBar) -> Result<Whole, Failure> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let unwritable =
        |error: io::Error| Failure::local("io", format!("{} cannot be written: {error}", part.display()));
    let mut open = File::create(&part).map_err(unwritable)?;
    let copied = copy(source, &mut open, live)
        .and_then(|whole| open.sync_all().map(|()| whole).map_err(unwritable))
        .and_then(|whole| fs::rename(&part, file).map(|()| whole).map_err(unwritable));
    if copied.is_err() {
        // What is left of it is not whole. That it could not be removed adds nothing to the failure.
        let _ = fs::remove_file(&part);
    }
    live.finish_and_clear();
    copied
}

/// Copies an archive and looks at it on the way.
fn copy(mut source: impl Read, target: &mut dyn Write, live: &ProgressBar) -> Result<Whole, Failure> {
    let mut check = Check::default();
    let mut piece = vec![0; PIECE];
    loop {
        let taken = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let detail = format!("the archive broke off after {} bytes: {error}", check.bytes());
                return Err(Failure::local("broken_archive", detail).next("export it again").passing());
            }
        };
        check.push(&piece[..taken], &mut |_, _| {}).map_err(|refusal| broken(&refusal))?;
        target.write_all(&piece[..taken])?;
        live.set_message(format!("{:.1} MiB", mebibytes(check.bytes())));
    }
    check.finish().map_err(|refusal| broken(&refusal))
}

fn broken(refusal: &Refusal) -> Failure {
    let failure = Failure::local("broken_archive", format!("this is no whole archive: {refusal}"));
    match refusal.kind {
        RefusalKind::Format => failure.next("use the version of tenantry that wrote it"),
        RefusalKind::NotTar | RefusalKind::Order => {
            failure.next("use a file as `tenantry tenant export` wrote it, not packed anew")
        }
        RefusalKind::Truncated | RefusalKind::Checksum | RefusalKind::Malformed => {
            failure.next("copy it again, or export the tenant again: `tenantry tenant export`")
        }
    }
}

/// A spinner that tells how much came; hidden where nobody looks.
fn bar(ctx: &Ctx<'_, '_>) -> ProgressBar {
    if ctx.is_watched() && !ctx.quiet { ProgressBar::new_spinner() } else { ProgressBar::hidden() }
}

fn rows(whole: &Whole) -> u64 {
    whole.manifest.tables.iter().map(|table| table.rows).sum()
}

#[expect(clippy::cast_precision_loss, reason = "for people, to a tenth of a mebibyte")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn told(what: &str, whole: &Whole) -> String {
    format!(
        "{what}: {} rows of {} tables of {}, {:.1} MiB, whole",
        rows(whole),
        whole.manifest.tables.len(),
        whole.head.tenant.slug,
        mebibytes(whole.bytes)
    )
}

#[cfg(test)]
mod tests;
