//! What a tablet keeps besides records: drafts and their attachments.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::people::names;
use super::screens::rows;
use super::{Author, Change, Replica, ReplicaError, StoredBlob};
use crate::hash::Hash;
use crate::ids::{DraftId, RecordId, RevisionId};
use crate::time::Instant;
use crate::view::{AttachmentView, DraftLine, Names};
use crate::world::World;

/// A form being filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftRow {
    /// The draft.
    pub id: DraftId,
    /// The household it is about.
    pub household: RecordId,
    /// The form's id.
    pub form: String,
    /// The answers so far, as an ODK submission.
    pub submission: Option<String>,
    /// The page that was open.
    pub page: u32,
    /// When it was begun.
    pub begun: Instant,
}

/// A draft that becomes records.
#[derive(Clone, PartialEq, Debug)]
pub struct FinishedForm {
    /// The draft that disappears.
    pub draft: DraftId,
    /// What is saved instead.
    pub changes: Vec<Change>,
}

impl Replica {
    /// Begins a draft, or finds the one begun before for the same household and form.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if the household is not here.
    pub fn begin_draft(
        &mut self,
        world: &dyn World,
        household: RecordId,
        form: &str,
    ) -> Result<DraftRow, ReplicaError> {
        self.writing(|tx| {
            household_name(tx, household)?;
            let known: Option<DraftId> = tx
                .prepare_cached(
                    "SELECT id FROM draft WHERE household = ?1 AND form = ?2 ORDER BY saved_ms DESC LIMIT 1",
                )
                .and_then(|mut from| from.query_row(params![household, form], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("looking for a draft"))?;
            if let Some(id) = known {
                return draft(tx, id);
            }
            let (id, now) = (DraftId::new(world), world.now());
            tx.execute(
                "INSERT INTO draft VALUES (?1, ?2, ?3, NULL, 0, ?4, ?4)",
                params![id, household, form, now.as_ms()],
            )
            .map_err(ReplicaError::sql("beginning a draft"))?;
            Ok(DraftRow { id, household, form: form.to_owned(), submission: None, page: 0, begun: now })
        })
    }

    /// Reads a draft.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn draft(&self, id: DraftId) -> Result<DraftRow, ReplicaError> {
        self.reading(|connection| draft(connection, id))
    }

    /// Saves a draft's answers durably.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn save_draft(&mut self, id: DraftId, submission: &str, page: u32, now: Instant) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let saved = tx
                .prepare_cached("UPDATE draft SET submission = ?2, page = ?3, saved_ms = ?4 WHERE id = ?1")
                .and_then(|mut to| to.execute(params![id, submission, page, now.as_ms()]))
                .map_err(ReplicaError::sql("saving a draft"))?;
            if saved == 0 { Err(ReplicaError::NotFound { what: "draft" }) } else { Ok(()) }
        })
    }

    /// Attaches bytes to a draft under a name, in place of what had that name.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if the draft is not here.
    pub fn attach(&mut self, id: DraftId, name: &str, blob: &StoredBlob) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            draft(tx, id)?;
            super::blobs::keep(tx, blob, "draft")?;
            tx.execute("INSERT OR REPLACE INTO attachment VALUES (?1, ?2, ?3)", params![id, name, blob.hash])
                .map_err(ReplicaError::sql("attaching a file"))?;
            drop_unused(tx)
        })
    }

    /// The files attached to a draft.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn attachments(&self, id: DraftId) -> Result<Vec<AttachmentView>, ReplicaError> {
        self.reading(|connection| {
            rows(
                connection,
                "SELECT a.name, b.hash, b.size_bytes, b.media_type FROM attachment a JOIN blob b USING (hash)
                 WHERE a.draft = ?1 ORDER BY a.name",
                [id],
                |row| {
                    let (name, hash) = (row.get(0)?, row.get(1)?);
                    Ok(AttachmentView { name, hash, size_bytes: row.get(2)?, media_type: row.get(3)? })
                },
            )
        })
    }

    /// Deletes a draft and what only it had attached.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn delete_draft(&mut self, id: DraftId) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            remove_draft(tx, id)?;
            drop_unused(tx)
        })
    }

    /// Saves what a form says and removes its draft, all or none; the files it names now wait for the station.
    ///
    /// # Errors
    /// As [`Replica::save`].
    pub fn finish(
        &mut self,
        author: Author,
        world: &dyn World,
        finished: &FinishedForm,
    ) -> Result<Vec<RevisionId>, ReplicaError> {
        self.save_finished(author, world, &finished.changes, finished.draft)
    }
}

/// Removes a draft whose answers were saved as records: the files they name wait for the station from now on, a picture
/// that was taken and replaced goes.
pub(super) fn close_draft(
    tx: &Transaction<'_>,
    id: DraftId,
    named: impl IntoIterator<Item = Hash>,
) -> Result<(), ReplicaError> {
    for hash in named {
        super::blobs::release(tx, hash)?;
    }
    remove_draft(tx, id)?;
    drop_unused(tx)
}

fn remove_draft(tx: &Transaction<'_>, id: DraftId) -> Result<(), ReplicaError> {
    tx.execute("DELETE FROM attachment WHERE draft = ?1", [id])
        .and_then(|_| tx.execute("DELETE FROM draft WHERE id = ?1", [id]))
        .map_err(ReplicaError::sql("removing a draft"))?;
    Ok(())
}

/// Removes the drafts about a household that was erased; whether there were any.
pub(super) fn remove_drafts(tx: &Transaction<'_>, household: RecordId) -> Result<bool, ReplicaError> {
    let drafts = rows(tx, "SELECT id FROM draft WHERE household = ?1", [household], |row| row.get(0))?;
    let any = !drafts.is_empty();
    drafts.into_iter().try_for_each(|draft| remove_draft(tx, draft))?;
    drop_unused(tx)?;
    Ok(any)
}

fn drop_unused(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    tx.execute("DELETE FROM blob WHERE state = 'draft' AND hash NOT IN (SELECT hash FROM attachment)", [])
        .map_err(ReplicaError::sql("dropping unused files"))?;
    Ok(())
}

fn draft(connection: &Connection, id: DraftId) -> Result<DraftRow, ReplicaError> {
    connection
        .prepare_cached("SELECT household, form, submission, page, begun_ms FROM draft WHERE id = ?1")
        .and_then(|mut from| {
            from.query_row([id], |row| {
                Ok(DraftRow {
                    id,
                    household: row.get(0)?,
                    form: row.get(1)?,
                    submission: row.get(2)?,
                    page: row.get(3)?,
                    begun: Instant::from_ms(row.get(4)?),
                })
            })
            .optional()
        })
        .map_err(ReplicaError::sql("reading a draft"))?
        .ok_or(ReplicaError::NotFound { what: "draft" })
}

/// Drafts as lines, the newest first.
pub(super) fn drafts(connection: &Connection, household: Option<RecordId>) -> Result<Vec<DraftLine>, ReplicaError> {
    rows(
        connection,
        "SELECT d.id, d.household, d.form, d.begun_ms, d.saved_ms, h.name_zh, h.name_mong, h.name_cyrl
         FROM draft d LEFT JOIN household h ON h.id = d.household
         WHERE ?1 IS NULL OR d.household = ?1 ORDER BY d.saved_ms DESC",
        [household],
        |row| {
            Ok(DraftLine {
                id: row.get(0)?,
                household: row.get(1)?,
                household_name: names(row, 5)?,
                form: row.get(2)?,
                begun_at: Instant::from_ms(row.get(3)?),
                saved_at: Instant::from_ms(row.get(4)?),
            })
        },
    )
}

/// A household's name.
pub(super) fn household_name(connection: &Connection, household: RecordId) -> Result<Names, ReplicaError> {
    connection
        .prepare_cached("SELECT name_zh, name_mong, name_cyrl FROM household WHERE id = ?1")
        .and_then(|mut from| from.query_row([household], |row| names(row, 0)).optional())
        .map_err(ReplicaError::sql("reading a household's name"))?
        .ok_or(ReplicaError::NotFound { what: "household" })
}

impl Replica {
    /// A household's name.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn household_name(&self, household: RecordId) -> Result<Names, ReplicaError> {
        self.reading(|connection| household_name(connection, household))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{AreaId, DeviceId, OfficerId};
    use crate::record::{Fields, Kind};
    use crate::world::Seeded;

    fn picture(bytes: &[u8]) -> StoredBlob {
        StoredBlob { hash: Hash::of(bytes), media_type: "image/png".into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn finishing_sends_the_pictures_that_are_named_and_drops_the_others() {
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let mut replica = Replica::in_memory().unwrap();
        let author = Author { device: DeviceId::new(&world), officer: OfficerId::new(&world) };
        let (household, area) = (RecordId::new(&world), AreaId::new(&world));
        let fields = Fields::from([("name_zh".to_owned(), json!("巴图"))]);
        replica.save(author, &world, &[Change { record: household, kind: Kind::Household, area, fields }]).unwrap();
        let draft = replica.begin_draft(&world, household, "household_visit").unwrap().id;
        assert_eq!(replica.begin_draft(&world, household, "household_visit").unwrap().id, draft);
        let (first, second) = (picture(b"first"), picture(b"second"));
        replica.attach(draft, "photo-1.png", &first).unwrap();
        replica.attach(draft, "photo-2.png", &second).unwrap();
        assert_eq!(replica.waiting(author.device).unwrap().blobs, 0, "a draft's pictures do not wait");

        let named = json!({ "blob": second.hash, "name": "photo-2.png", "size_bytes": 6, "media_type": "image/png" });
        let fields = Fields::from([("household".to_owned(), json!(household)), ("answer.photo".to_owned(), named)]);
        let changes = vec![Change { record: RecordId::new(&world), kind: Kind::Visit, area, fields }];
        replica.finish(author, &world, &FinishedForm { draft, changes }).unwrap();
        assert_eq!(replica.waiting(author.device).unwrap().blobs, 1);
        assert_eq!(replica.next_blob(true, &[]).unwrap().unwrap().hash, second.hash);
        assert!(matches!(replica.blob(first.hash), Err(ReplicaError::NotFound { .. })));
        assert!(matches!(replica.draft(draft), Err(ReplicaError::NotFound { .. })));
    }

    #[test]
    fn a_deleted_draft_takes_its_pictures_along_unless_another_draft_has_them() {
        let world = Seeded::new(2, Instant::from_ms(1_000));
        let mut replica = Replica::in_memory().unwrap();
        let author = Author { device: DeviceId::new(&world), officer: OfficerId::new(&world) };
        let (household, area) = (RecordId::new(&world), AreaId::new(&world));
        let change = Change { record: household, kind: Kind::Household, area, fields: Fields::new() };
        replica.save(author, &world, &[change]).unwrap();
        let one = replica.begin_draft(&world, household, "one").unwrap().id;
        let other = replica.begin_draft(&world, household, "other").unwrap().id;
        let shared = picture(b"shared");
        replica.attach(one, "a.png", &shared).unwrap();
        replica.attach(other, "b.png", &shared).unwrap();
        replica.delete_draft(one).unwrap();
        assert_eq!(replica.blob(shared.hash).unwrap(), shared);
        replica.delete_draft(other).unwrap();
        assert!(replica.blob(shared.hash).is_err());
    }
}
