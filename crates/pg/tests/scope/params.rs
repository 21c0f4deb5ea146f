use crate::world::{World, must, single};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::net::IpAddr;
use tenantry_pg::{Error, Param};
use uuid::Uuid;

/// Unnamed, prepared, named: the type that PostgreSQL sees is the same.
#[tokio::test]
async fn typed_parameters() {
    const TYPES: &str = "SELECT concat_ws(' ', pg_typeof($1), pg_typeof($2), pg_typeof($3), pg_typeof($4), pg_typeof($5), \
         pg_typeof($6), pg_typeof($7), pg_typeof($8), pg_typeof($9), pg_typeof($10), pg_typeof($11), pg_typeof($12)) AS types";
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    for _ in 0..3 {
        let rows = scopes.run(&world.homes[0], (), |tx, ()| {
            Box::pin(async move {
                let values: [&dyn Param; 12] = [
                    &true,
                    &1_i16,
                    &2_i32,
                    &3_i64,
                    &"text",
                    &vec![1_u8],
                    &Uuid::nil(),
                    &DateTime::<Utc>::UNIX_EPOCH,
                    &json!({}),
                    &vec!["a".to_owned()],
                    &vec![Uuid::nil()],
                    &None::<IpAddr>,
                ];
                tx.last(TYPES, &values).await
            })
        });
        let types: String = must(must(rows.await)[0].get("types"));
        let expected = "boolean smallint integer bigint text bytea uuid timestamp with time zone jsonb text[] uuid[] inet";
        assert_eq!(types, expected);
    }
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    const BACK: &str = "SELECT $1::text AS text, $2::jsonb AS json, $3::timestamptz AS time, $4::bytea AS bytes, $5::inet AS address";
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let time = must("2026-02-28T23:59:59.123456Z".parse::<DateTime<Utc>>());
    let back = scopes.run(&world.homes[0], time, |tx, time| {
        Box::pin(async move {
            let text = "' \" \\ ; -- tenant.agents $1 \u{1f980}";
            let address = must("2001:db8::1".parse::<IpAddr>());
            let rows = tx
                .last(BACK, &[&text, &json!({"k": [1, null, "ü"]}), time, &vec![0_u8, 255], &address])
                .await?;
            assert_eq!(rows[0].get::<String>("text")?, text);
            assert_eq!(rows[0].get::<Value>("json")?, json!({"k": [1, null, "ü"]}));
            assert_eq!(rows[0].get::<DateTime<Utc>>("time")?, *time);
            assert_eq!(rows[0].get::<Vec<u8>>("bytes")?, [0, 255]);
            rows[0].get::<IpAddr>("address").map(|found| found == address)
        })
    });
    assert!(must(back.await));
}

#[tokio::test]
async fn a_row_of_another_shape_is_an_error() {
    let world = World::new(1).await;
    let scopes = world.scopes(single());
    let rows = must(scopes.last(&world.homes[0], "SELECT 1 AS number, NULL::text AS nothing").await);
    assert!(matches!(rows[0].get::<String>("number"), Err(Error::Row(_))));
    assert!(matches!(rows[0].get::<String>("nothing"), Err(Error::Row(_))));
    assert!(matches!(rows[0].get::<i32>("absent"), Err(Error::Row(_))));
    assert_eq!(must(rows[0].get::<Option<String>>("nothing")), None);
}
