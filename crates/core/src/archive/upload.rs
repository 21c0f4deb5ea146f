//! Takes an archive in, piece by piece, checked on the way: nothing is made of it before all of it was believed.
//!
//! Owns: nothing. Calls: store. Called by: server's import.
//! Invariants: an archive that is not whole, not as its manifest says, or not for this server's files is refused before any tenant is made
//! (`an_archive_that_was_changed_is_refused`, `an_archive_of_other_files_is_refused`), and nothing of it stays
//! (`a_refused_archive_leaves_nothing`). After a crash: what came so far is swept an hour later.

use super::{Archives, CHUNK_BYTES, refused, store};
use crate::{Error, Result};
use std::mem;
use tenantry_types::{
    ErrorCode,
    archive::{Check, Head, Refusal, RefusalKind},
};
use uuid::Uuid;

/// An archive on its way in.
pub struct Upload {
    archives: Archives,
    id: Uuid,
    check: Check,
    fits: bool,
    chunk: Vec<u8>,
    position: i32,
}

/// An archive that is whole and waits to be loaded.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Its row.
    pub id: Uuid,
    /// Whose it is.
    pub head: Head,
    /// Its length.
    pub bytes: u64,
}

impl Archives {
    /// Begins to take an archive in.
    ///
    /// # Errors
    /// The database's.
    pub async fn upload(&self) -> Result<Upload> {
        let id = self.ctx.uuid();
        let input = (id, self.ctx.now());
        self.platform
            .run("begin_upload", input, |tx, (id, now)| Box::pin(store::insert(tx, *id, *now)))
            .await?;
        Ok(Upload {
            archives: self.clone(),
            id,
            check: Check::default(),
            fits: false,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            position: 0,
        })
    }

    /// Removes an uploaded archive that nothing will be made of.
    ///
    /// # Errors
    /// The database's.
    pub async fn discard(&self, archive: Uuid) -> Result<()> {
        self.platform.run("discard_archive", archive, |tx, id| Box::pin(store::remove(tx, *id))).await
    }
}

impl Upload {
    /// Takes the next bytes. After an error [`Upload::discard`] is all that is left.
    ///
    /// # Errors
    /// 413 when it grows too large, 422 as soon as it cannot be a whole archive for this server, or the database's.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        if self.check.bytes() + bytes.len() as u64 > self.archives.largest {
            let most = self.archives.largest >> 20;
            let detail = format!("The archive is larger than the {most} MiB that this server takes in.");
            return Err(Error::refused(ErrorCode::PayloadTooLarge, detail)
                .next("Let the operator raise TENANTRY_IMPORT_MAX_MB."));
        }
        self.check.push(bytes, &mut |_, _| {}).map_err(|refusal| told(&refusal))?;
        if let (false, Some(head)) = (self.fits, self.check.head()) {
            self.archives.fits(head)?;
            self.fits = true;
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
            if self.chunk.len() == CHUNK_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Says that this was all.
    ///
    /// # Errors
    /// 422 when something is missing, or the database's; nothing of it stays.
    pub async fn finish(mut self) -> Result<Uploaded> {
        let whole = match mem::take(&mut self.check).finish() {
            Ok(whole) => whole,
            Err(refusal) => {
                self.discard().await;
                return Err(told(&refusal));
            }
        };
        self.flush().await?;
        let head = serde_json::to_value(&whole.head)
            .map_err(|error| Error::Fault(format!("a head that was read cannot be written: {error}")))?;
        let input = (self.id, whole.sha256, head, self.archives.ctx.now());
        self.archives
            .platform
            .run("end_upload", input, |tx, (id, sha256, head, now)| {
                Box::pin(store::complete(tx, *id, sha256, head, *now))
            })
            .await?;
        Ok(Uploaded { id: self.id, head: whole.head, bytes: whole.bytes })
    }

    /// Gives it up. What cannot be removed now is swept later.
    pub async fn discard(self) {
        if let Err(error) = self.archives.discard(self.id).await {
            tracing::warn!(archive = %self.id, %error, "an upload that was given up is swept later");
        }
    }

    async fn flush(&mut self) -> Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        let input = (self.id, self.position, chunk, self.archives.ctx.now());
        self.position += 1;
        self.archives
            .platform
            .run("store_chunk", input, |tx, (id, position, data, now)| {
                Box::pin(store::insert_chunk(tx, *id, *position, data, *now))
            })
            .await
    }
}

impl Archives {
    /// Whether a home that this server can have made can hold the rows: one of the newest version, or of an older one that is offered.
    fn fits(&self, head: &Head) -> Result<()> {
        let Some(template) = self.template.at(&head.schema_version) else {
            let version = self.template.version();
            let why = format!("tells schema version {}, and this server's is {version}", head.schema_version);
            return Err(refused(
                "archive.json",
                "schema_version",
                why,
                "Bring both installations to the same version of the tenant migrations, export again, and import that.",
            ));
        };
        let own = template.digest();
        if head.template != own {
            let why = format!(
                "was written from other migration files (digest {}, this server's is {own}), though of the same version",
                head.template
            );
            return Err(refused(
                "archive.json",
                "template",
                why,
                "Start server and worker with the same folder in TENANTRY_TENANT_MIGRATIONS as the installation that wrote the archive.",
            ));
        }
        Ok(())
    }
}

fn told(refusal: &Refusal) -> Error {
    let next = match refusal.kind {
        RefusalKind::Truncated => "Send the whole file; export the tenant again if that is all there is.",
        RefusalKind::NotTar | RefusalKind::Order => {
            "Send an archive as `tenantry tenant export` wrote it, not packed anew."
        }
        RefusalKind::Checksum => {
            "The file changed since it was written: copy it again, or export the tenant again."
        }
        RefusalKind::Malformed => "Export the tenant again.",
        RefusalKind::Format => "Use the version of Tenantry that wrote it, or one that reads its format.",
    };
    refused(&refusal.member, refusal.kind.as_str(), refusal.why.clone(), next)
}
