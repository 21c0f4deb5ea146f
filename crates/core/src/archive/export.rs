//! Writes a tenant's archive as a stream: one picture of all its tables, cut into parts, sent as fast as they are taken.
//!
//! Owns: nothing. Calls: store, tenancy, registry, audit. Called by: server's export.
//! Invariants: the intent is audited before the first byte (`an_export_is_audited_before_its_first_byte`); a client that goes away ends it and costs no
//! connection (`a_client_that_hangs_up_ends_the_export`); what ends without its last piece is told as broken, whatever the reason
//! (`a_database_that_goes_away_ends_the_stream_visibly`). After a crash: the client has a file without a manifest.

use super::{Archives, PATIENCE, PRODUCT, STALL, store, store::catalogue};
use crate::{
    Error, Result,
    audit::{self, Deed},
    authz::Action,
    ctx::{Ctx, Request},
    registry::{self, TenantRecord},
};
use serde_json::json;
use std::mem;
use tenantry_pg::{WideTx, task};
use tenantry_types::{
    ErrorCode,
    archive::{
        ArchivedTable, ArchivedTenant, FORMAT, Head, PART_BYTES, PART_ROOM, RowSum, TableSum, Writer, folder,
        part,
    },
    tenant::TenantStatus,
};
use tokio::sync::mpsc;

/// An archive on its way out.
pub struct Export {
    /// What a file of it should be called.
    pub file_name: String,
    /// `None` is its end: a channel that closes without one broke.
    pieces: mpsc::Receiver<Option<Vec<u8>>>,
    ended: bool,
}

impl Export {
    /// The next bytes; `None` after the last. After an error there is nothing more.
    ///
    /// # Errors
    /// A fault when the archive could not be written to its end. The reason was logged.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        if self.ended {
            return None;
        }
        match self.pieces.recv().await {
            Some(Some(bytes)) => Some(Ok(bytes)),
            Some(None) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(Error::Fault("the export broke off".to_owned())))
            }
        }
    }
}

impl Archives {
    /// Begins the archive of a tenant, whatever state it is in once it has a schema.
    ///
    /// # Errors
    /// 404 for an unknown tenant, 409 while it is being made or where a table cannot be read as a whole, 503 when too many exports run.
    pub async fn export(&self, request: &Request, slug: &str) -> Result<Export> {
        let tenant = self.intend(request, slug).await?;
        let scope = request.actor.wide_scope(Action::ExportTenant, &tenant)?;
        let tx = self.tenancy.read_all(&scope, "export_tenant", PATIENCE).await?;
        catalogue::settle_wide(&tx).await?;
        let tables = catalogue::tables_wide(&tx, &tenant.schema_name).await?;
        if let Some(table) = tables.iter().find(|table| !table.whole || table.columns.is_empty()) {
            let detail = format!("The table {} cannot be read as a whole across workspaces.", table.name);
            return Err(Error::refused(ErrorCode::Conflict, detail)
                .next("Let `tenantry doctor` look at the tenant's grants and policies."));
        }
        if let Some(hold) = catalogue::hold(&tenant.schema_name, &tables) {
            tx.hold(&hold).await?;
        }
        // After the picture was taken: every workspace that a row of it names is there.
        let head = self.head(&tenant, &tables).await?;
        let file_name = format!("{}-{}.tar", tenant.slug, head.created_at.format("%Y-%m-%d"));
        let (pieces, receiver) = mpsc::channel(1);
        let job = Job { ctx: self.ctx.clone(), schema: tenant.schema_name.to_string(), tables, head, pieces };
        // Outlives the request's future, whose client may go away at any time; then sending fails, and the job ends.
        task::detached(job.run(tx));
        Ok(Export { file_name, pieces: receiver, ended: false })
    }

    /// The tenant, and in the audit trail that somebody is about to read all of it.
    async fn intend(&self, request: &Request, slug: &str) -> Result<TenantRecord> {
        let input = (self.ctx.clone(), request.clone(), slug.to_owned());
        self.platform
            .run("intend_export", input, |tx, (ctx, request, slug)| {
                Box::pin(async move {
                    let tenant = registry::store::by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
                    if tenant.status == TenantStatus::Provisioning {
                        let detail = "The tenant is still being made.";
                        return Err(Error::refused(ErrorCode::Conflict, detail)
                            .next("Wait for its run: GET /v1/tenants/{slug}/status."));
                    }
                    let deed = Deed {
                        tenant: Some(tenant.id),
                        action: "tenant.export",
                        target_kind: "tenant",
                        target: tenant.id.to_string(),
                        after: Some(json!({"slug": tenant.slug, "status": tenant.status})),
                        ..Deed::default()
                    };
                    audit::record(tx, ctx, request, &deed).await?;
                    Ok(tenant)
                })
            })
            .await
    }

    async fn head(&self, tenant: &TenantRecord, tables: &[catalogue::Table]) -> Result<Head> {
        let (own, workspaces) = self
            .platform
            .run("export_registry", tenant.id, |tx, id| Box::pin(store::registered(tx, *id)))
            .await?;
        let table = |(place, table): (usize, &catalogue::Table)| ArchivedTable {
            name: table.name.clone(),
            folder: folder(place, &table.name),
            columns: table.columns.clone(),
        };
        Ok(Head {
            format: FORMAT,
            product: PRODUCT.to_owned(),
            created_at: self.ctx.now(),
            tenant: ArchivedTenant {
                id: tenant.id.0,
                slug: tenant.slug.to_string(),
                name: tenant.name.clone(),
                plan_tier: tenant.tier,
                admin_email: tenant.admin_email.clone(),
                allowed_domains: tenant.allowed_domains.clone(),
                max_agents: own.max_agents,
                max_tasks_per_month: own.max_tasks_per_month,
                storage_limit_gb: own.storage_limit_gb,
            },
            workspaces,
            schema_version: own.schema_version,
            template: own.template,
            tables: tables.iter().enumerate().map(table).collect(),
            left_out: LEFT_OUT.map(str::to_owned).into(),
        })
    }
}

/// What an archive does not hold.
const LEFT_OUT: [&str; 4] = [
    "audit events: the trail stays where the deeds were done, see GET /v1/audit-events",
    "API keys, members, invitations and billing: they belong to the installation",
    "the platform's own tables in the schema: _events, _idempotency, _counters, histories",
    "materialized views, foreign tables and large objects",
];

struct Job {
    ctx: Ctx,
    schema: String,
    tables: Vec<catalogue::Table>,
    head: Head,
    pieces: mpsc::Sender<Option<Vec<u8>>>,
}

impl Job {
    async fn run(self, tx: WideTx) {
        let ended = match tokio::time::timeout(PATIENCE, self.write(&tx)).await {
            Ok(Ok(())) => tx.finish().await.map_err(Error::from),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Fault(format!("not done after {} s", PATIENCE.as_secs()))),
        };
        let slug = &self.head.tenant.slug;
        match ended {
            Ok(()) => drop(self.send(None).await),
            // Nothing is sent: the receiver takes a channel that closes early for what it is.
            Err(error) => {
                tracing::warn!(tenant = %slug, %error, "an export ended before its archive was whole");
            }
        }
    }

    async fn write(&self, tx: &WideTx) -> Result<()> {
        let mut writer = Writer::new(&self.head);
        self.send(Some(writer.head(&self.head).map_err(unwritable)?)).await?;
        let mut sums = Vec::with_capacity(self.tables.len());
        for (table, told) in self.tables.iter().zip(&self.head.tables) {
            self.ctx.faults.at("export.table")?;
            sums.push(self.table(tx, &mut writer, table, &told.folder).await?);
        }
        tx.as_scope_role().await?;
        // Last: a sequence stands at or after every value that the rows have.
        let sequences = catalogue::sequences(tx, &self.schema).await?;
        self.send(Some(writer.finish(sums, sequences).map_err(unwritable)?)).await
    }

    async fn table(
        &self,
        tx: &WideTx,
        writer: &mut Writer,
        table: &catalogue::Table,
        folder: &str,
    ) -> Result<TableSum> {
        let mut out = tx.copy_out(&catalogue::copy_out(&self.schema, table)).await?;
        let (mut rows, mut number) = (RowSum::default(), 1);
        let mut buffer = vec![0; PART_ROOM];
        loop {
            let known = buffer.len();
            let more = out.next_into(&mut buffer).await?;
            rows.update(&buffer[known..]);
            let full = PART_ROOM + PART_BYTES;
            while buffer.len() > full || (!more && buffer.len() > PART_ROOM) {
                let mut rest = vec![0; PART_ROOM];
                rest.extend(buffer.drain(full.min(buffer.len())..));
                let sealed = writer.seal(&part(folder, number), mem::replace(&mut buffer, rest));
                self.send(Some(sealed)).await?;
                number += 1;
            }
            if !more {
                return Ok(rows.of(&table.name));
            }
        }
    }

    /// Hands a piece on, and waits until there is room for it.
    async fn send(&self, piece: Option<Vec<u8>>) -> Result<()> {
        match tokio::time::timeout(STALL, self.pieces.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Error::Fault("the client went away".to_owned())),
            Err(_) => Err(Error::Fault(format!("the client read nothing for {} s", STALL.as_secs()))),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::Fault(format!("an archive's head or manifest cannot be written: {error}"))
}
