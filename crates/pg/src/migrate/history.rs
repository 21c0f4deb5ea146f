//! The table in which Flyway, and we, record what ran in a schema.
//!
//! Owns: `flyway_schema_history`, in each schema that migrations run in. Calls: `sql`. Called by: `migrate::apply`.
//! Invariants: the table is the one that Flyway makes, so that Flyway's own commands take it for theirs
//! (`is_what_flyway_sends`).
//! After a crash: a table without rows at most; its rows commit with the migrations they record.

use crate::sql::quote_ident;

/// Flyway's name for the table.
pub const HISTORY_TABLE: &str = "flyway_schema_history";

/// `type` of a row of a `V` or `R` file.
pub const TYPE_SQL: &str = "SQL";

/// `type` of a row of a `U` file.
pub const TYPE_UNDO_SQL: &str = "UNDO_SQL";

/// The statements that make the table, the way Flyway 11.8.2 sends them to PostgreSQL.
///
/// `schema` and `table` are bare names. Another table name than [`HISTORY_TABLE`] is for histories that are none of
/// Flyway's business; its key and its index are named after it, as Flyway does for a configured table name.
pub fn create_history(schema: &str, table: &str) -> String {
    let qualified = format!("{}.{}", quote_ident(schema), quote_ident(table));
    let key = quote_ident(&format!("{table}_pk"));
    let index = quote_ident(&format!("{table}_s_idx"));
    format!(
        r#"CREATE TABLE {qualified} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE {qualified} ADD CONSTRAINT {key} PRIMARY KEY ("installed_rank");
CREATE INDEX {index} ON {qualified} ("success");
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As logged by PostgreSQL 15 (`log_statement = all`) while Flyway 11.8.2 made its table in schema `s2`.
    const LOGGED: [&str; 3] = [
        r#"CREATE TABLE "s2"."flyway_schema_history" ( "installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER, "installed_by" VARCHAR(100) NOT NULL, "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL, "success" BOOLEAN NOT NULL )"#,
        r#"ALTER TABLE "s2"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank")"#,
        r#"CREATE INDEX "flyway_schema_history_s_idx" ON "s2"."flyway_schema_history" ("success")"#,
    ];

    #[test]
    fn is_what_flyway_sends() {
        let ours = create_history("s2", HISTORY_TABLE);
        let ours: Vec<String> = crate::migrate::script::statements(&ours)
            .into_iter()
            .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(ours, LOGGED);
    }
}
