//! The packs that are here: the one that the station published last, the built-in one, and older ones as long as a draft or a
//! record was made with them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::notes::{meta, set_meta};
use super::screens::rows;
use super::{DraftRow, Replica, ReplicaError};
use crate::hash::Hash;
use crate::pack::{Form, Pack, PackFiles, builtin};
use crate::time::Instant;

/// Packs that were read, by what they say: whoever asks for a hash gets the same content.
static READ: LazyLock<Mutex<BTreeMap<Hash, Arc<Pack>>>> = LazyLock::new(Mutex::default);
const MAX_READ: usize = 8;

impl Replica {
    /// The pack that forms are begun with.
    ///
    /// # Errors
    /// [`ReplicaError::Pack`] if it cannot be read.
    pub fn pack(&self) -> Result<Arc<Pack>, ReplicaError> {
        self.reading(current)
    }

    /// The hash of the pack that the station published last, as far as it is here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn published_pack(&self) -> Result<Option<Hash>, ReplicaError> {
        self.reading(|connection| {
            connection
                .query_row("SELECT hash FROM pack WHERE current = 1", [], |row| row.get(0))
                .optional()
                .map_err(ReplicaError::sql("looking for the pack"))
        })
    }

    /// How many packs are here besides the built-in one.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn kept_packs(&self) -> Result<usize, ReplicaError> {
        self.reading(|connection| Ok(rows(connection, "SELECT 1 FROM pack", [], |_| Ok(()))?.len()))
    }

    /// Takes a pack that the station published; forms are begun with it from now on. Packs that nothing was made with go.
    ///
    /// # Errors
    /// [`ReplicaError::Pack`] if the bytes are not those of the pack of this hash, or this program cannot read it; the pack before
    /// stays then.
    pub fn take_pack(&mut self, hash: Hash, bytes: &[u8], now: Instant) -> Result<(), ReplicaError> {
        let pack = read(hash, bytes)?;
        self.writing(|tx| {
            keep(tx, &pack, bytes, now)?;
            tx.execute("UPDATE pack SET current = (hash = ?1)", [hash])
                .map_err(ReplicaError::sql("changing the pack"))?;
            drop_unused(tx)
        })
    }

    /// Notes that this program cannot read a published pack, so that it is not fetched again and again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn note_unread(&mut self, hash: Hash) -> Result<(), ReplicaError> {
        self.writing(|tx| set_meta(tx, UNREAD, &unread(hash)))
    }

    /// Whether this version of the program could not read a published pack.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn is_unread(&self, hash: Hash) -> Result<bool, ReplicaError> {
        let noted: Option<String> = self.reading(|connection| meta(connection, UNREAD))?;
        Ok(noted == Some(unread(hash)))
    }

    /// The form of a draft, of the pack that it was begun with, and that pack.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if no pack that is here has it.
    pub fn form_of(&self, draft: &DraftRow) -> Result<(Arc<Pack>, Arc<Form>), ReplicaError> {
        self.reading(|connection| {
            let pack = match draft.pack {
                Some(hash) => named(connection, hash)?,
                None => current(connection)?,
            };
            let form = pack.form(&draft.form).cloned().ok_or(ReplicaError::NotFound { what: "form" })?;
            Ok((pack, form))
        })
    }
}

const UNREAD: &str = "pack_unread";

fn unread(hash: Hash) -> String {
    format!("{hash} {}", env!("CARGO_PKG_VERSION"))
}

/// The pack that forms are begun with.
pub(super) fn current(connection: &Connection) -> Result<Arc<Pack>, ReplicaError> {
    let found: Option<Hash> = connection
        .prepare_cached("SELECT hash FROM pack WHERE current = 1")
        .and_then(|mut from| from.query_row([], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading the pack"))?;
    match found {
        Some(hash) => named(connection, hash),
        None => builtin().cloned().map_err(ReplicaError::Builtin),
    }
}

/// The pack of this hash.
fn named(connection: &Connection, hash: Hash) -> Result<Arc<Pack>, ReplicaError> {
    if let Some(pack) = READ.lock().unwrap_or_else(PoisonError::into_inner).get(&hash) {
        return Ok(Arc::clone(pack));
    }
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM pack WHERE hash = ?1")
        .and_then(|mut from| from.query_row([hash], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading a pack"))?;
    match bytes {
        Some(bytes) => read(hash, &bytes),
        None => {
            let pack = builtin().map_err(ReplicaError::Builtin)?;
            if pack.hash == hash { Ok(Arc::clone(pack)) } else { Err(ReplicaError::NotFound { what: "pack" }) }
        }
    }
}

/// The form with which something was filled in, if a pack that is here has it in that version.
pub(super) fn form(connection: &Connection, id: &str, version: &str) -> Result<Option<Arc<Form>>, ReplicaError> {
    Ok(with_form(connection, id, version)?.and_then(|pack| pack.form(id).cloned()))
}

/// The newest pack that is here and has this form in this version.
pub(super) fn with_form(connection: &Connection, id: &str, version: &str) -> Result<Option<Arc<Pack>>, ReplicaError> {
    let fits = |pack: &Arc<Pack>| pack.form(id).is_some_and(|form| form.model.version == version);
    let newest = current(connection)?;
    if fits(&newest) {
        return Ok(Some(newest));
    }
    let older: Vec<Hash> =
        rows(connection, "SELECT hash FROM pack WHERE current = 0 ORDER BY taken_ms DESC", [], |row| row.get(0))?;
    for hash in older {
        let pack = named(connection, hash)?;
        if fits(&pack) {
            return Ok(Some(pack));
        }
    }
    let pack = builtin().map_err(ReplicaError::Builtin)?;
    Ok(fits(pack).then(|| Arc::clone(pack)))
}

/// Keeps the pack that a form is begun with, so that an update of the program or of the pack does not take it away.
pub(super) fn pin(tx: &Transaction<'_>, pack: &Pack, now: Instant) -> Result<(), ReplicaError> {
    let known: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM pack WHERE hash = ?1)")
        .and_then(|mut from| from.query_row([pack.hash], |row| row.get(0)))
        .map_err(ReplicaError::sql("looking for a pack"))?;
    if known { Ok(()) } else { keep(tx, pack, &pack.files.to_bytes().map_err(ReplicaError::Pack)?, now) }
}

fn keep(tx: &Transaction<'_>, pack: &Pack, bytes: &[u8], now: Instant) -> Result<(), ReplicaError> {
    tx.execute("INSERT OR IGNORE INTO pack VALUES (?1, ?2, ?3, 0)", params![pack.hash, bytes, now.as_ms()])
        .map_err(ReplicaError::sql("keeping a pack"))?;
    Ok(())
}

/// Removes older packs of which no draft and no record needs a form.
fn drop_unused(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    let older: Vec<Hash> = rows(
        tx,
        "SELECT hash FROM pack WHERE current = 0 AND hash NOT IN (SELECT pack FROM draft WHERE pack IS NOT NULL)
         ORDER BY taken_ms",
        [],
        |row| row.get(0),
    )?;
    for hash in older {
        let pack = named(tx, hash)?;
        let mut needed = false;
        for form in &pack.forms {
            needed |= is_needed(tx, hash, form)?;
        }
        if !needed {
            tx.execute("DELETE FROM pack WHERE hash = ?1", [hash]).map_err(ReplicaError::sql("removing a pack"))?;
        }
    }
    Ok(())
}

/// Whether a record was made with this form, and no newer pack that is here has it in that version.
fn is_needed(tx: &Transaction<'_>, of: Hash, form: &Form) -> Result<bool, ReplicaError> {
    let (id, version) = (&form.model.id, &form.model.version);
    let newer: Vec<Hash> = rows(
        tx,
        "SELECT hash FROM pack WHERE current = 1 OR taken_ms > (SELECT taken_ms FROM pack WHERE hash = ?1)",
        [of],
        |row| row.get(0),
    )?;
    for hash in newer {
        if named(tx, hash)?.form(id).is_some_and(|other| other.model.version == *version) {
            return Ok(false);
        }
    }
    tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM record WHERE kind IN ('visit', 'activity')
                        AND fields ->> 'form' = ?1 AND fields ->> 'form_version' = ?2)",
    )
    .and_then(|mut from| from.query_row(params![id, version], |row| row.get(0)))
    .map_err(ReplicaError::sql("looking for what was made with a form"))
}

/// Reads the bytes, whatever was read under that hash before.
fn read(hash: Hash, bytes: &[u8]) -> Result<Arc<Pack>, ReplicaError> {
    let pack = PackFiles::from_bytes(bytes).and_then(Pack::read).map_err(ReplicaError::Pack)?;
    if pack.hash != hash {
        return Err(ReplicaError::Pack(crate::pack::PackError::Other(hash)));
    }
    let mut known = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MAX_READ {
        known.clear();
    }
    let pack = Arc::new(pack);
    known.insert(hash, Arc::clone(&pack));
    Ok(pack)
}
