//! SQL of sealed columns.
//!
//! Owns: nothing; opens and wraps anew what lies in `signing_keys` and `mails`. Calls: pg. Called by: stored.
//! Invariants: a record is found by its primary key, in the key's own type
//! (`a_rotation_leaves_nothing_under_the_old_key`); one that somebody works on is left for the next time (SKIP LOCKED). After a crash: one transaction or none.

use super::{
    KeyId,
    stored::{Column, Record},
};
use crate::Result;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::TenantId;
use uuid::Uuid;

impl FromRow for Record {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: row.get("record")?,
            tenant: row.get::<Option<Uuid>>("tenant_id")?.map(TenantId),
            sealed: row.get("sealed")?,
        })
    }
}

pub(super) async fn sealed(tx: &ControlTx, column: Column, limit: i64) -> Result<Vec<Record>> {
    let sql = match column {
        Column::SigningKeys => {
            "-- secrets::sealed_signing_keys
             SELECT id AS record, NULL::uuid AS tenant_id, private_key AS sealed FROM signing_keys ORDER BY created_at DESC LIMIT $1"
        }
        Column::Mails => {
            "-- secrets::sealed_mails
             SELECT id::text AS record, NULL::uuid AS tenant_id, body AS sealed FROM mails WHERE status = 'pending' ORDER BY run_at LIMIT $1"
        }
    };
    Ok(tx.all(sql, &[&limit]).await?)
}

/// Locked records behind one, in order of their ids, that do not name this key: the first byte is the format, the next eight the key's id.
pub(super) async fn not_under(
    tx: &ControlTx,
    column: Column,
    key: KeyId,
    after: &str,
    limit: i64,
) -> Result<Vec<Record>> {
    let sql = match column {
        Column::SigningKeys => {
            "-- secrets::signing_keys_not_under
             SELECT id AS record, NULL::uuid AS tenant_id, private_key AS sealed FROM signing_keys
             WHERE substr(private_key, 2, 8) <> $1 AND id > $2
             ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED"
        }
        Column::Mails => {
            "-- secrets::mails_not_under
             SELECT id::text AS record, NULL::uuid AS tenant_id, body AS sealed FROM mails
             -- Before the first one there is no id: every id is greater than that of zeros.
             WHERE status = 'pending' AND substr(body, 2, 8) <> $1
               AND id > coalesce(nullif($2, '')::uuid, '00000000-0000-0000-0000-000000000000')
             ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED"
        }
    };
    Ok(tx.all(sql, &[&key.0.to_vec(), &after, &limit]).await?)
}

/// Of a row that this transaction has locked.
pub(super) async fn replace(tx: &ControlTx, column: Column, record: &str, sealed: Vec<u8>) -> Result<()> {
    let sql = match column {
        Column::SigningKeys => {
            "-- secrets::replace_signing_key
             UPDATE signing_keys SET private_key = $2 WHERE id = $1"
        }
        Column::Mails => {
            "-- secrets::replace_mail
             UPDATE mails SET body = $2 WHERE id = $1::uuid"
        }
    };
    tx.query(sql, &[&record, &sealed]).await?;
    Ok(())
}
