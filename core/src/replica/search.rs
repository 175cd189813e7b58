//! The search rows of households and persons.

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{ReplicaError, project};
use crate::record::{Fields, Kind};
use crate::text::index_tokens;

/// Adds the row of a record that had none.
pub(super) fn add(tx: &Transaction<'_>, r: i64, texts: &[String]) -> Result<(), ReplicaError> {
    let mut tokens = String::new();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        tokens.push_str(&index_tokens(text));
        tokens.push(' ');
    }
    tx.prepare_cached("INSERT INTO search (rowid, tokens) VALUES (?1, ?2)")
        .and_then(|mut to| to.execute(params![r, tokens]))
        .map_err(ReplicaError::sql("indexing for search"))?;
    Ok(())
}

/// Notes that a record's row is to be made anew before this transaction ends.
pub(super) fn is_due(tx: &Transaction<'_>, r: i64) -> Result<(), ReplicaError> {
    tx.prepare_cached("INSERT OR IGNORE INTO search_due VALUES (?1)")
        .and_then(|mut to| to.execute([r]))
        .map_err(ReplicaError::sql("noting what is to be indexed"))?;
    Ok(())
}

/// Makes the rows anew that are due: all are removed before any is added, because the index writes out what it has in memory
/// whenever a row is removed after one was added.
pub(super) fn catch_up(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql("indexing for search");
    let read = || {
        let mut due = tx.prepare_cached("SELECT r FROM search_due")?;
        due.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()
    };
    let due = read().map_err(doing)?;
    for r in &due {
        tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")
            .and_then(|mut from| from.execute([r]))
            .map_err(ReplicaError::sql("indexing for search"))?;
    }
    for r in &due {
        let row: Option<(String, String)> = tx
            .prepare_cached("SELECT kind, fields FROM record WHERE r = ?1")
            .and_then(|mut from| from.query_row([r], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(ReplicaError::sql("indexing for search"))?;
        let Some((kind, fields)) = row else { continue };
        let fields: Fields = serde_json::from_str(&fields).map_err(ReplicaError::Stored)?;
        let texts = project::texts(&Kind::named(&kind), &fields);
        if !texts.is_empty() {
            add(tx, *r, &texts)?;
        }
    }
    if !due.is_empty() {
        tx.execute("DELETE FROM search_due", []).map_err(ReplicaError::sql("indexing for search"))?;
    }
    Ok(())
}
