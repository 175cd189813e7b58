//! The search rows of households and persons.

use rusqlite::{Transaction, params};

use super::ReplicaError;
use crate::text::index_tokens;

pub(super) fn write<'a>(
    tx: &Transaction<'_>,
    r: i64,
    texts: impl IntoIterator<Item = &'a String>,
    replace: bool,
) -> Result<(), ReplicaError> {
    let mut tokens = String::new();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        tokens.push_str(&index_tokens(text));
        tokens.push(' ');
    }
    let sql = match replace {
        true => "INSERT OR REPLACE INTO search (rowid, tokens) VALUES (?1, ?2)",
        false => "INSERT INTO search (rowid, tokens) VALUES (?1, ?2)",
    };
    tx.prepare_cached(sql)
        .and_then(|mut to| to.execute(params![r, tokens]))
        .map_err(ReplicaError::sql("indexing for search"))?;
    Ok(())
}
