//! What a tablet keeps besides records: drafts and their attachments.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::people::names;
use super::screens::rows;
use super::{Author, Change, Replica, ReplicaError, StoredBlob, fold, packs};
use crate::hash::Hash;
use crate::ids::{DraftId, RecordId, RevisionId};
use crate::pack::About;
use crate::record::{Case, Kind};
use crate::time::Instant;
use crate::view::{AttachmentView, DraftLine, Names};
use crate::world::World;

/// What a form is about: which household, case or area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// Of which kind.
    pub about: About,
    /// Which one.
    pub id: RecordId,
}

impl Subject {
    /// A household.
    #[must_use]
    pub const fn household(id: RecordId) -> Self {
        Self { about: About::Household, id }
    }
}

/// A form being filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftRow {
    /// The draft.
    pub id: DraftId,
    /// What it is about.
    pub subject: Subject,
    /// The household behind it.
    pub household: Option<RecordId>,
    /// The form's id.
    pub form: String,
    /// The pack it was begun with; `None` for a draft of a program before there were packs.
    pub pack: Option<Hash>,
    /// The finished form that it changes.
    pub amends: Option<RecordId>,
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
    /// Of records that were there before: how many revisions of each the officer saw.
    pub based: BTreeMap<RecordId, u64>,
}

/// How long a deleted draft can be taken back.
const TAKEN_BACK_WITHIN_MS: i64 = 7 * 24 * 3_600_000;

impl Replica {
    /// Begins a draft with the pack that is current, or finds the one begun before for the same subject and form.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if the subject is not here.
    pub fn begin_draft(&mut self, world: &dyn World, subject: Subject, form: &str) -> Result<DraftRow, ReplicaError> {
        self.writing(|tx| {
            let household = household_behind(tx, subject)?;
            forget_deleted(tx, world.now())?;
            let known: Option<DraftId> = tx
                .prepare_cached(
                    "SELECT id FROM draft WHERE subject = ?1 AND form = ?2 AND amends IS NULL AND deleted_ms IS NULL
                     ORDER BY saved_ms DESC LIMIT 1",
                )
                .and_then(|mut from| from.query_row(params![subject.id, form], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("looking for a draft"))?;
            if let Some(id) = known {
                return draft(tx, id);
            }
            let pack = packs::current(tx)?;
            packs::pin(tx, &pack, world.now())?;
            let begun = DraftRow {
                id: DraftId::new(world),
                subject,
                household,
                form: form.to_owned(),
                pack: Some(pack.hash),
                amends: None,
                submission: None,
                page: 0,
                begun: world.now(),
            };
            begin(tx, begun, world.now())
        })
    }

    /// Begins to change a finished form, with the version it was filled in with, or finds the draft that was begun before.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here, or its form is in no pack that is here.
    pub fn begin_amending(&mut self, world: &dyn World, amends: RecordId) -> Result<DraftRow, ReplicaError> {
        self.writing(|tx| {
            let known: Option<DraftId> = tx
                .query_row("SELECT id FROM draft WHERE amends = ?1 AND deleted_ms IS NULL", [amends], |row| row.get(0))
                .optional()
                .map_err(ReplicaError::sql("looking for a draft"))?;
            if let Some(id) = known {
                return draft(tx, id);
            }
            let (_, row) = fold::load(tx, amends)?.ok_or(ReplicaError::NotFound { what: "finished form" })?;
            let text = |name: &str| row.fields.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            let (form, version) = (text("form").to_owned(), text("form_version"));
            let pack = packs::with_form(tx, &form, version)?.ok_or(ReplicaError::NotFound { what: "form" })?;
            packs::pin(tx, &pack, world.now())?;
            let record = |name: &str| RecordId::parse(text(name)).ok();
            let household = record("household");
            let subject = match (record("case"), household) {
                (Some(id), _) => Subject { about: About::Case, id },
                (None, Some(id)) => Subject { about: About::Household, id },
                (None, None) => Subject { about: About::Area, id: row.area.into() },
            };
            let (id, begun) = (DraftId::new(world), world.now());
            let (pack, amends) = (Some(pack.hash), Some(amends));
            let begun = DraftRow { id, subject, household, form, pack, amends, submission: None, page: 0, begun };
            begin(tx, begun, world.now())
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

    /// Deletes a draft; for a week it can be taken back.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn delete_draft(&mut self, id: DraftId, now: Instant) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            tx.execute("UPDATE draft SET deleted_ms = ?2 WHERE id = ?1", params![id, now.as_ms()])
                .map_err(ReplicaError::sql("deleting a draft"))?;
            forget_deleted(tx, now)
        })
    }

    /// Takes a deleted draft back.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is gone for good.
    pub fn restore_draft(&mut self, id: DraftId) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let restored = tx
                .execute("UPDATE draft SET deleted_ms = NULL WHERE id = ?1", [id])
                .map_err(ReplicaError::sql("taking a draft back"))?;
            if restored == 0 { Err(ReplicaError::NotFound { what: "draft" }) } else { Ok(()) }
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
        self.save_finished(author, world, finished)
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

/// Removes the drafts about a record that was erased or let go; whether there were any.
pub(super) fn remove_drafts(tx: &Transaction<'_>, record: RecordId) -> Result<bool, ReplicaError> {
    let sql = "SELECT id FROM draft WHERE household = ?1 OR subject = ?1 OR amends = ?1";
    let drafts = rows(tx, sql, [record], |row| row.get(0))?;
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

/// Removes what was deleted too long ago to be taken back.
fn forget_deleted(tx: &Transaction<'_>, now: Instant) -> Result<(), ReplicaError> {
    let until = now.plus_ms(-TAKEN_BACK_WITHIN_MS).as_ms();
    let over: Vec<DraftId> = rows(tx, "SELECT id FROM draft WHERE deleted_ms < ?1", [until], |row| row.get(0))?;
    over.into_iter().try_for_each(|draft| remove_draft(tx, draft))?;
    drop_unused(tx)
}

fn begin(tx: &Transaction<'_>, draft: DraftRow, now: Instant) -> Result<DraftRow, ReplicaError> {
    let DraftRow { id, subject, household, form, pack, amends, begun, .. } = &draft;
    tx.execute(
        "INSERT INTO draft VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, 0, ?8, ?9, NULL)",
        params![id, subject.about.as_str(), subject.id, household, form, pack, amends, begun.as_ms(), now.as_ms()],
    )
    .map_err(ReplicaError::sql("beginning a draft"))?;
    Ok(draft)
}

/// The household that a form's subject is, or belongs to.
fn household_behind(connection: &Connection, subject: Subject) -> Result<Option<RecordId>, ReplicaError> {
    let kind = match subject.about {
        About::Household => Kind::Household,
        About::Case => Kind::Case,
        About::Area => Kind::Area,
    };
    match fold::load(connection, subject.id)? {
        Some((_, row)) if row.kind == kind => Ok(match kind {
            Kind::Household => Some(subject.id),
            Kind::Case => Case::read(&row.fields).household,
            _ => None,
        }),
        _ => Err(ReplicaError::NotFound { what: subject.about.as_str() }),
    }
}

fn draft(connection: &Connection, id: DraftId) -> Result<DraftRow, ReplicaError> {
    connection
        .prepare_cached(
            "SELECT about, subject, household, form, pack, amends, submission, page, begun_ms FROM draft
             WHERE id = ?1 AND deleted_ms IS NULL",
        )
        .and_then(|mut from| {
            from.query_row([id], |row| {
                let about = About::named(&row.get::<_, String>(0)?).unwrap_or(About::Household);
                Ok(DraftRow {
                    id,
                    subject: Subject { about, id: row.get(1)? },
                    household: row.get(2)?,
                    form: row.get(3)?,
                    pack: row.get(4)?,
                    amends: row.get(5)?,
                    submission: row.get(6)?,
                    page: row.get(7)?,
                    begun: Instant::from_ms(row.get(8)?),
                })
            })
            .optional()
        })
        .map_err(ReplicaError::sql("reading a draft"))?
        .ok_or(ReplicaError::NotFound { what: "draft" })
}

/// Drafts as lines, the newest first.
pub(super) fn drafts(connection: &Connection, household: Option<RecordId>) -> Result<Vec<DraftLine>, ReplicaError> {
    let mut drafts = rows(
        connection,
        "SELECT id, about, subject, household, form, amends IS NOT NULL, begun_ms, saved_ms FROM draft
         WHERE deleted_ms IS NULL AND (?1 IS NULL OR household = ?1) ORDER BY saved_ms DESC",
        [household],
        |row| {
            Ok(DraftLine {
                id: row.get(0)?,
                about: About::named(&row.get::<_, String>(1)?).unwrap_or(About::Household),
                subject: row.get(2)?,
                household: row.get(3)?,
                household_name: Names::default(),
                form: row.get(4)?,
                amends: row.get(5)?,
                begun_at: Instant::from_ms(row.get(6)?),
                saved_at: Instant::from_ms(row.get(7)?),
            })
        },
    )?;
    for draft in &mut drafts {
        draft.household_name = subject_name(connection, draft.subject)?;
    }
    Ok(drafts)
}

/// What a household, case or area is called; empty if it is not here.
pub(super) fn subject_name(connection: &Connection, id: RecordId) -> Result<Names, ReplicaError> {
    let Some((_, row)) = fold::load(connection, id)? else { return Ok(Names::default()) };
    Ok(match row.kind {
        Kind::Case => Names { zh: Case::read(&row.fields).title, ..Names::default() },
        _ => Names::read(&row.fields),
    })
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
    /// What a household, case or area is called; empty if it is not here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn subject_name(&self, id: RecordId) -> Result<Names, ReplicaError> {
        self.reading(|connection| subject_name(connection, id))
    }

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
    use crate::record::Fields;
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
        let draft = replica.begin_draft(&world, Subject::household(household), "household_visit").unwrap().id;
        assert_eq!(replica.begin_draft(&world, Subject::household(household), "household_visit").unwrap().id, draft);
        let (first, second) = (picture(b"first"), picture(b"second"));
        replica.attach(draft, "photo-1.png", &first).unwrap();
        replica.attach(draft, "photo-2.png", &second).unwrap();
        assert_eq!(replica.waiting(author.device).unwrap().blobs, 0, "a draft's pictures do not wait");

        let named = json!({ "blob": second.hash, "name": "photo-2.png", "size_bytes": 6, "media_type": "image/png" });
        let fields = Fields::from([("household".to_owned(), json!(household)), ("answer.photo".to_owned(), named)]);
        let changes = vec![Change { record: RecordId::new(&world), kind: Kind::Visit, area, fields }];
        replica.finish(author, &world, &FinishedForm { draft, changes, based: BTreeMap::new() }).unwrap();
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
        let one = replica.begin_draft(&world, Subject::household(household), "one").unwrap().id;
        let other = replica.begin_draft(&world, Subject::household(household), "other").unwrap().id;
        let shared = picture(b"shared");
        replica.attach(one, "a.png", &shared).unwrap();
        replica.attach(other, "b.png", &shared).unwrap();
        replica.delete_draft(one, world.now()).unwrap();
        assert!(matches!(replica.draft(one), Err(ReplicaError::NotFound { .. })), "it is listed nowhere");
        replica.restore_draft(one).unwrap();
        assert_eq!(replica.attachments(one).unwrap().len(), 1, "taken back with its picture");
        replica.delete_draft(one, world.now()).unwrap();
        world.advance_ms(TAKEN_BACK_WITHIN_MS + 1);
        replica.delete_draft(other, world.now()).unwrap();
        assert!(matches!(replica.restore_draft(one), Err(ReplicaError::NotFound { .. })), "gone for good after a week");
        assert_eq!(replica.blob(shared.hash).unwrap(), shared);
        world.advance_ms(TAKEN_BACK_WITHIN_MS + 1);
        replica.delete_draft(one, world.now()).unwrap();
        assert!(replica.blob(shared.hash).is_err());
    }
}
