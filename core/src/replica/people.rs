//! Names as columns.

use rusqlite::Row;

use crate::record::Names;

/// Reads three columns `name_zh, name_mong, name_cyrl` beginning at `first`; absent ones (an outer join) are empty.
pub(super) fn names(row: &Row<'_>, first: usize) -> rusqlite::Result<Names> {
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
    Ok(Names { zh: text(first)?, mong: text(first + 1)?, cyrl: text(first + 2)? })
}
