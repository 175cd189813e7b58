//! The file's schema, and how an older file becomes one of today.
//!
//! Steps go forward only, all or nothing; a released step never changes.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::{FileKey, ReplicaError};

/// The schema this program writes.
#[allow(clippy::cast_possible_wrap, reason = "the list is written by hand")]
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("schema-1.sql"), include_str!("schema-2.sql"), include_str!("schema-3.sql")];

/// Cached pages: warm reads of an encrypted file then cost as much as of a plain one.
const CACHE_KIB: i64 = 64 * 1024;

/// How long a writer waits for another: longer than any transaction of ours takes.
const BUSY_MS: u64 = 20_000;

pub(super) fn prepare(connection: &Connection, key: Option<&FileKey>) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    if let Some(key) = key {
        let hex = crate::sync::to_hex(key.expose());
        // A wrong key is told by the error; SQLCipher's own lines on standard error would stand among answers.
        connection.pragma_update(None, "cipher_log_level", "NONE").map_err(doing("silencing the cipher"))?;
        connection.pragma_update(None, "key", format!("x'{hex}'")).map_err(doing("giving the key"))?;
    }
    if key.is_some() {
        // Tablets' processors have instructions for SHA-256, few have them for SHA-512: a page costs half as much.
        connection
            .pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256")
            .map_err(doing("choosing the page check"))?;
    }
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS)).map_err(doing("setting the wait"))?;
    connection.set_prepared_statement_cache_capacity(128);
    let opened = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match opened {
        Err(cause) if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(ReplicaError::WrongKey);
        }
        other => other.map_err(doing("reading the schema"))?,
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(doing("switching to a write-ahead log"))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(doing("making commits durable"))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(doing("setting the cache"))?;
    connection.pragma_update(None, "secure_delete", "ON").map_err(doing("overwriting what is deleted"))?;
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(doing("keeping temporary tables in memory"))
}

pub(super) fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > known {
        return Err(ReplicaError::TooNew { found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(doing("emptying the write-ahead log"))?;
        std::fs::copy(path, copy_path(path, found)).map_err(ReplicaError::Copy)?;
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(doing("beginning a migration"))?;
    // Another process may have migrated while this one waited for the lock.
    let from = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in steps.iter().skip(from) {
        transaction.execute_batch(step).map_err(doing("migrating the replica"))?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(doing("noting the schema"))?;
    transaction.commit().map_err(doing("committing a migration"))
}

fn version(connection: &Connection) -> Result<i64, ReplicaError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(ReplicaError::sql("reading the schema's version"))
}

/// Where the copy of a file is kept that had schema `version`.
fn copy_path(path: &Path, version: i64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{version}"));
    PathBuf::from(name)
}

/// Removes the copies that were kept before steps up to schema `version`.
pub(super) fn remove_copies(path: &Path, version: i64) -> Result<(), ReplicaError> {
    for older in 1..version {
        match std::fs::remove_file(copy_path(path, older)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(ReplicaError::Copy(cause)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_copied_before_it_is_migrated_and_a_newer_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replica.db");
        let key = FileKey::new([7; 32]);
        let mut connection = Connection::open(&path).unwrap();
        prepare(&connection, Some(&key)).unwrap();
        migrate(&mut connection, &path, MIGRATIONS).unwrap();
        connection.execute("INSERT INTO meta VALUES ('kept', 'yes')", []).unwrap();

        let next: Vec<&str> = MIGRATIONS.iter().copied().chain(["CREATE TABLE of_the_future (x)"]).collect();
        migrate(&mut connection, &path, &next).unwrap();
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION + 1);
        drop(connection);

        let copy = Connection::open(copy_path(&path, SCHEMA_VERSION)).unwrap();
        prepare(&copy, Some(&key)).unwrap();
        let kept: String = copy.query_row("SELECT value FROM meta WHERE key = 'kept'", [], |row| row.get(0)).unwrap();
        assert_eq!((version(&copy).unwrap(), kept.as_str()), (SCHEMA_VERSION, "yes"));

        let refused = crate::replica::Replica::open(&path, Some(&key)).unwrap_err();
        assert!(
            matches!(refused, ReplicaError::TooNew { found, known } if found == known + 1 && known == SCHEMA_VERSION)
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replica.db");
        let mut connection = Connection::open(&path).unwrap();
        prepare(&connection, None).unwrap();
        migrate(&mut connection, &path, MIGRATIONS).unwrap();
        let broken: Vec<&str> =
            MIGRATIONS.iter().copied().chain(["CREATE TABLE half (x); CREATE TABLE meta (x)"]).collect();
        migrate(&mut connection, &path, &broken).unwrap_err();
        let half: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'half'", [], |row| row.get(0))
            .unwrap();
        assert_eq!((version(&connection).unwrap(), half), (SCHEMA_VERSION, 0));
    }

    #[test]
    fn a_file_is_unreadable_without_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replica.db");
        drop(crate::replica::Replica::open(&path, Some(&FileKey::new([1; 32]))).unwrap());
        for key in [None, Some(&FileKey::new([2; 32]))] {
            assert!(matches!(crate::replica::Replica::open(&path, key), Err(ReplicaError::WrongKey)));
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"SQLite" || window == b"CREATE"));
    }
}
