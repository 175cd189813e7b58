//! The commands of a tablet, each a line of one table: name, request, answer, body.
//!
//! What hosts a tablet (the window, the loopback page of the tests) has one door, [`call`]. The interface's types follow
//! from the same table.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::TS;

use super::{DeviceError, Tablet, forms, photo};
use crate::bundle::PART_BYTES;
use crate::error::Code;
use crate::sync::Invite;
use crate::view::{
    Addendum, AnswerTaken, AreaLine, Attach, AttachmentRef, AttachmentView, BeginForm, BlobRef, BundleExport,
    BundleExported, BundleImport, BundleStatus, Bytes, CaseList, CasePage, ConflictList, ConflictPage, Correct, Decide,
    Decided, DraftRef, Edit, Enrol, ExportTo, Exported, FinishForm, Finished, Fix, FormLine, FormResource, FreeSpace,
    Freed, HouseholdList, HouseholdPage, HouseholdQuery, InviteText, InviteView, NearbyCall, NearbyConfirm,
    NearbyStatus, Nothing, OpenForm, PageOf, Picture, PrintFile, Printed, ReceiptLine, ReceiptPaper, ReceiptRef,
    RecordHistory, RecordRef, Refusal, RefusedList, RevisionRef, SaveDraft, Saved, ShutOutStatus, Space, SyncSettings,
    SyncStatus, TabletState, Today, TriedAgain, Unlock, VisitPage,
};

macro_rules! commands {
    ($($name:ident: $request:ty => $answer:ty = |$tablet:ident, $asked:pat_param| $body:expr;)*) => {
        /// The names of all commands.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Does what a command says; blocks until it is done.
        ///
        /// # Errors
        /// What the interface is to tell the officer.
        pub fn call(tablet: &Arc<Tablet>, name: &str, request: Value) -> Result<Value, Refusal> {
            match name {
                $(stringify!($name) => {
                    let body = |$tablet: &Arc<Tablet>, $asked: $request| -> Result<$answer, DeviceError> { $body };
                    let answer = body(tablet, read::<$request>(request)?).map_err(|cause| cause.refusal())?;
                    serde_json::to_value(answer).map_err(|_| refusal(Code::Malformed))
                })*
                _ => Err(refusal(Code::NotFound)),
            }
        }

        /// The table as a TypeScript interface.
        #[must_use]
        pub fn typescript() -> String {
            let config = ts_rs::Config::from_env();
            let mut imports = std::collections::BTreeSet::new();
            let mut lines = String::new();
            $(
                collect::<$request>(&config, &mut imports);
                collect::<$answer>(&config, &mut imports);
                lines.push_str(&format!(
                    "  {}: {{ request: {}; answer: {} }};\n",
                    stringify!($name), <$request as TS>::name(&config), <$answer as TS>::name(&config)
                ));
            )*
            let imports: String = imports.iter().map(|name| format!("import type {{ {name} }} from \"./{name}\";\n")).collect();
            format!("// Made from the table of commands in core/src/device/commands.rs; do not edit.\n{imports}\nexport interface Commands {{\n{lines}}}\n")
        }
    };
}

commands! {
    tablet_state: Nothing => TabletState = |tablet, _| tablet.state();
    read_invite: InviteText => InviteView = |_tablet, asked| invite_view(&asked.invite);
    read_invite_picture: Picture => InviteView = |_tablet, asked| invite_view(&photo::read_qr(&bytes(&asked.bytes_base64)?)?);
    enrol: Enrol => TabletState = |tablet, asked| {
        tablet.enrol(&asked.invite, &asked.pin.into())?;
        tablet.state()
    };
    unlock: Unlock => TabletState = |tablet, asked| {
        tablet.unlock(asked.officer, &asked.pin.into())?;
        tablet.state()
    };
    lock: Nothing => TabletState = |tablet, _| {
        tablet.lock();
        tablet.state()
    };
    today: Nothing => Today = |tablet, _| {
        tablet.with(|replica, author, world| Ok(replica.today(author.device, author.officer, world.now())?))
    };
    areas: Nothing => Vec<AreaLine> = |tablet, _| tablet.with(|replica, _, _| Ok(replica.areas()?));
    households: HouseholdQuery => HouseholdList = |tablet, asked| {
        tablet.with(|replica, _, _| Ok(replica.households(&asked)?))
    };
    household: RecordRef => HouseholdPage = |tablet, asked| {
        tablet.with(|replica, author, world| Ok(replica.household(asked.id, author.device, world.now())?))
    };
    edit: Edit => Saved = |tablet, asked| tablet.edit_seen(asked.id, asked.fields, asked.seen.as_deref());
    task_done: RecordRef => Saved = |tablet, asked| tablet.task_done(asked.id);
    visit: RecordRef => VisitPage = |tablet, asked| {
        tablet.with(|replica, author, _| Ok(replica.visit(asked.id, author.officer)?))
    };
    print_file: PrintFile => Printed = |tablet, asked| tablet.print_file(&asked);
    history: RecordRef => RecordHistory = |tablet, asked| {
        tablet.with(|replica, author, _| Ok(replica.history(asked.id, author.device)?))
    };
    conflicts: PageOf => ConflictList = |tablet, asked| {
        tablet.with(|replica, _, world| Ok(replica.conflicts(asked, world.now())?))
    };
    conflict: RecordRef => ConflictPage = |tablet, asked| {
        tablet.with(|replica, author, _| Ok(replica.conflict(asked.id, author.device)?))
    };
    decide: Decide => Decided = |tablet, asked| {
        tablet.with(|replica, author, world| Ok(replica.decide(author, world, asked.id, &asked.seen, asked.fields)?))
    };
    refused: Nothing => RefusedList = |tablet, _| {
        tablet.with(|replica, author, _| Ok(replica.refused_list(author.device)?))
    };
    refused_correct: Correct => Nothing = |tablet, asked| {
        tablet.with(|replica, author, world| {
            replica.correct(author, world, asked.revision, asked.area, &asked.fields)?;
            Ok(Nothing {})
        })
    };
    refused_again: Nothing => TriedAgain = |tablet, _| {
        tablet.with(|replica, author, world| Ok(TriedAgain { saved: replica.try_refused_again(author, world)? }))
    };
    refused_discard: RevisionRef => Nothing = |tablet, asked| {
        tablet.with(|replica, author, world| {
            replica.discard_refused(author.device, world, asked.revision)?;
            Ok(Nothing {})
        })
    };
    refused_take_back: RevisionRef => Nothing = |tablet, asked| {
        tablet.with(|replica, _, _| {
            replica.take_refused_back(asked.revision)?;
            Ok(Nothing {})
        })
    };
    refused_export: ExportTo => Exported = |tablet, asked| tablet.export_refused(asked.folder.as_deref());
    begin_form: BeginForm => OpenForm = |tablet, asked| tablet.begin_form(forms::subject(&asked)?, &asked.form);
    open_draft: DraftRef => OpenForm = |tablet, asked| tablet.open_draft(asked.id);
    save_draft: SaveDraft => Nothing = |tablet, asked| {
        tablet.save_draft(asked.id, &asked.submission, asked.page)?;
        Ok(Nothing {})
    };
    attach: Attach => AttachmentView = |tablet, asked| tablet.attach(asked.id, &asked.name, &bytes(&asked.bytes_base64)?);
    attachment: AttachmentRef => Bytes = |tablet, asked| {
        tablet.with(|replica, _, _| {
            let draft = replica.draft(asked.id)?;
            let files = replica.files_of(asked.id, draft.amends)?;
            let file = files.iter().find(|file| file.name == asked.name);
            Ok(file.ok_or(DeviceError::Refused(Code::NotFound))?.hash)
        })
        .and_then(|hash| tablet.blob(hash))
        .map(|blob| Bytes { media_type: blob.media_type, bytes_base64: STANDARD.encode(blob.bytes) })
    };
    delete_draft: DraftRef => Nothing = |tablet, asked| {
        tablet.with(|replica, _, world| Ok(replica.delete_draft(asked.id, world.now())?))?;
        Ok(Nothing {})
    };
    restore_draft: DraftRef => Nothing = |tablet, asked| {
        tablet.with(|replica, _, _| Ok(replica.restore_draft(asked.id)?))?;
        Ok(Nothing {})
    };
    finish_form: FinishForm => Finished = |tablet, asked| {
        tablet.finish_form(asked.id, &asked.submission, asked.because.as_deref())
    };
    forms: Nothing => Vec<FormLine> = |tablet, _| tablet.with(|replica, _, _| forms::lines(replica));
    form_resource: FormResource => Option<Bytes> = |tablet, asked| {
        Ok(tablet.form_resource(asked.id, &asked.url)?.map(|(media_type, bytes)| Bytes {
            media_type: media_type.to_owned(),
            bytes_base64: STANDARD.encode(bytes),
        }))
    };
    amend_form: RecordRef => OpenForm = |tablet, asked| tablet.amend_form(asked.id);
    add_to_form: Addendum => Saved = |tablet, asked| tablet.add_to_form(asked.id, &asked.text);
    cases: PageOf => CaseList = |tablet, asked| tablet.with(|replica, _, world| Ok(replica.cases(asked, world.now())?));
    case: RecordRef => CasePage = |tablet, asked| {
        tablet.with(|replica, _, world| Ok(replica.case(asked.id, world.now())?))
    };
    blob: BlobRef => Bytes = |tablet, asked| {
        let blob = tablet.blob(asked.hash)?;
        Ok(Bytes { media_type: blob.media_type, bytes_base64: STANDARD.encode(blob.bytes) })
    };
    sync_settings: Nothing => SyncSettings = |tablet, _| tablet.with(|replica, _, _| Ok(replica.sync_settings()?));
    set_sync_settings: SyncSettings => SyncSettings = |tablet, asked| tablet.set_sync_settings(asked);
    space: Nothing => Space = |tablet, _| tablet.with(|replica, _, _| Ok(replica.space()?));
    free_space: FreeSpace => Freed = |tablet, asked| {
        tablet.with(|replica, _, _| Ok(Freed { bytes: replica.free_space(asked.target_bytes)? }))
    };
    position: Nothing => Option<Fix> = |tablet, _| Ok(tablet.position());
    camera: Nothing => Option<Picture> = |tablet, _| {
        Ok(tablet.camera().take().map(|bytes| Picture { bytes_base64: STANDARD.encode(bytes) }))
    };
    sync_start: Nothing => Nothing = |tablet, _| {
        tablet.sync_start()?;
        Ok(Nothing {})
    };
    sync_stop: Nothing => Nothing = |tablet, _| {
        tablet.sync_stop();
        Ok(Nothing {})
    };
    sync_status: Nothing => SyncStatus = |tablet, _| tablet.sync_status();
    bundle_status: Nothing => BundleStatus = |tablet, _| tablet.bundle_status();
    bundle_export: BundleExport => BundleExported = |tablet, asked| {
        tablet.export_bundle(asked.folder.as_deref(), asked.part_bytes.unwrap_or(PART_BYTES))
    };
    bundle_import: BundleImport => AnswerTaken = |tablet, asked| tablet.import_answers(&asked.paths);
    nearby_status: Nothing => NearbyStatus = |tablet, _| tablet.nearby_status();
    nearby_open: Nothing => NearbyStatus = |tablet, _| tablet.nearby_open();
    nearby_look: Nothing => NearbyStatus = |tablet, _| tablet.nearby_look();
    nearby_call: NearbyCall => NearbyStatus = |tablet, asked| tablet.nearby_call(&asked.address);
    nearby_confirm: NearbyConfirm => NearbyStatus = |tablet, asked| tablet.nearby_confirm(asked.same);
    nearby_leave: Nothing => NearbyStatus = |tablet, _| tablet.nearby_leave();
    shut_out: Nothing => Option<ShutOutStatus> = |tablet, _| tablet.shut_out();
    shut_out_start: Nothing => Nothing = |tablet, _| {
        tablet.shut_out_start()?;
        Ok(Nothing {})
    };
    shut_out_export: ExportTo => Exported = |tablet, asked| tablet.export_last_work(asked.folder.as_deref());
    shut_out_import: BundleImport => TabletState = |tablet, asked| {
        tablet.import_acknowledgement(&asked.paths)?;
        tablet.state()
    };
    shut_out_done: Nothing => TabletState = |tablet, _| {
        tablet.forget_being_shut_out()?;
        tablet.state()
    };
    receipts: Nothing => Vec<ReceiptLine> = |tablet, _| tablet.with(|replica, _, _| Ok(replica.receipts()?));
    receipt: ReceiptRef => ReceiptPaper = |tablet, asked| {
        tablet.with(|replica, _, _| Ok(replica.receipt_paper(asked.id)?))
    };
}

fn read<T: DeserializeOwned>(request: Value) -> Result<T, Refusal> {
    serde_json::from_value(request).map_err(|_| refusal(Code::Malformed))
}

const fn refusal(code: Code) -> Refusal {
    Refusal { code, wait_ms: None, field: None, older: None }
}

fn invite_view(text: &str) -> Result<InviteView, DeviceError> {
    let invite = Invite::read(text)?;
    Ok(InviteView { invite: invite.to_text(), address: invite.address, fingerprint: invite.fingerprint })
}

fn bytes(base64: &str) -> Result<Vec<u8>, DeviceError> {
    if base64.len() > super::MAX_PICTURE_BYTES * 4 / 3 + 4 {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
    STANDARD.decode(base64).map_err(|_| DeviceError::Refused(Code::Malformed))
}

/// The names of the types that must be imported to say `T`.
fn collect<T: TS + 'static + ?Sized>(config: &ts_rs::Config, into: &mut std::collections::BTreeSet<String>) {
    struct Names<'a>(&'a ts_rs::Config, &'a mut std::collections::BTreeSet<String>);
    impl ts_rs::TypeVisitor for Names<'_> {
        fn visit<T: TS + 'static + ?Sized>(&mut self) {
            if T::output_path().is_some() {
                self.1.insert(T::ident(self.0));
            }
        }
    }
    if T::output_path().is_some() {
        into.insert(T::ident(config));
    } else {
        T::visit_generics(&mut Names(config, into));
        T::visit_dependencies(&mut Names(config, into));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn export_bindings_commands() {
        let folder = ts_rs::Config::from_env().out_dir().to_owned();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("commands.ts"), super::typescript()).unwrap();
    }
}
