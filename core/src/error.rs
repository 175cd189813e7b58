//! The one closed list of codes that crosses every border: wire, window, command line.
//!
//! A code exists only if somebody acts on it. The interface has a sentence for each in every language.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, retry $retry:literal;)*) => {
        /// Why something was not done.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ts_rs::TS)]
        #[ts(export)]
        pub enum Code {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
            /// A code of a newer program.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl Code {
            /// Every code this program knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)* Self::Unknown];

            /// The code as it is written on the wire and in exit messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Unknown => "unknown" }
            }

            /// Whether the same request may succeed later without anybody changing anything.
            #[must_use]
            pub const fn retry_helps(self) -> bool {
                match self { $(Self::$name => $retry,)* Self::Unknown => false }
            }
        }
    };
}

codes! {
    /// The station does not answer.
    StationUnreachable = "station_unreachable", retry true;
    /// The station's certificate is not the one of the invite: somebody is in between, or the station changed it.
    CertificateChanged = "certificate_changed", retry false;
    /// The station answered something this program does not understand.
    AnswerUnreadable = "answer_unreadable", retry true;
    /// The station is busy or failed inside.
    StationFailed = "station_failed", retry true;
    /// Too many requests in a short time.
    TooManyRequests = "too_many_requests", retry true;
    /// The access token has expired or is unknown; log in again.
    NotLoggedIn = "not_logged_in", retry true;
    /// The device is unknown to the station or its signature is wrong.
    DeviceUnknown = "device_unknown", retry false;
    /// The device was revoked.
    DeviceRevoked = "device_revoked", retry false;
    /// It is said that the device was revoked, and the station has not stated it, or was put back to a copy since: nothing is
    /// erased.
    RevocationUnproven = "revocation_unproven", retry true;
    /// Name or password is wrong.
    WrongPassword = "wrong_password", retry false;
    /// The invite is not one of ours or was damaged when it was copied.
    InviteUnreadable = "invite_unreadable", retry false;
    /// The invite was already used by another tablet.
    InviteUsed = "invite_used", retry false;
    /// The invite has expired.
    InviteExpired = "invite_expired", retry false;
    /// There is no QR code in the picture, or it cannot be read.
    PictureUnreadable = "picture_unreadable", retry false;
    /// The request is not of the form the protocol asks.
    Malformed = "malformed", retry false;
    /// The request or a revision is larger than the station takes.
    TooLarge = "too_large", retry false;
    /// The revision belongs to an area outside the device's scopes.
    OutOfScope = "out_of_scope", retry false;
    /// The revision names another officer than the one whose tablet wrote it.
    OfficerWrong = "officer_wrong", retry false;
    /// The same change is stored already, under another place of a log: nothing is lost, and nothing is doubled.
    RevisionKnown = "revision_known", retry false;
    /// The body went to another area's tablets with its record; its place in the log is taken.
    BodyGone = "body_gone", retry false;
    /// The log is of a device that the station does not know, or does not know any more.
    AuthorUnknown = "author_unknown", retry false;
    /// The same place in the device's log holds something else: the device was restored or cloned.
    LogForked = "log_forked", retry false;
    /// A push left out a place in the device's log.
    LogGap = "log_gap", retry true;
    /// The checkpoint's signature does not fit the log.
    CheckpointWrong = "checkpoint_wrong", retry false;
    /// The station was restored: its feed began a new life.
    EpochChanged = "epoch_changed", retry true;
    /// Tablet and station do not hold the same.
    DigestMismatch = "digest_mismatch", retry true;
    /// The receipt's signature is not the station's.
    ReceiptWrong = "receipt_wrong", retry false;
    /// The bytes do not have the hash they were named by.
    BlobWrong = "blob_wrong", retry true;
    /// The PIN is wrong.
    WrongPin = "wrong_pin", retry false;
    /// Too many wrong PINs: wait.
    PinDelayed = "pin_delayed", retry true;
    /// A PIN has six to twelve digits and is not one digit repeated or a simple run.
    PinTooWeak = "pin_too_weak", retry false;
    /// The tablet is locked.
    Locked = "locked", retry false;
    /// The tablet is not enrolled at a station.
    NotEnrolled = "not_enrolled", retry false;
    /// The tablet is already enrolled.
    AlreadyEnrolled = "already_enrolled", retry false;
    /// There is no such record, draft or blob here.
    NotFound = "not_found", retry false;
    /// The record, or the household it belongs to, was erased: on request, or because its time was over.
    RecordErased = "record_erased", retry false;
    /// A field's value is not of its type, or is not allowed.
    FieldWrong = "field_wrong", retry false;
    /// The form's answers cannot be read.
    FormUnreadable = "form_unreadable", retry false;
    /// Somebody signed the finished form: it is only added to.
    FormSealed = "form_sealed", retry false;
    /// This device cannot write a printed page into a file.
    NoPrinter = "no_printer", retry false;
    /// The file was written by a newer program.
    FileTooNew = "file_too_new", retry false;
    /// The tablet's disk is full.
    DiskFull = "disk_full", retry false;
    /// The tablet's own file cannot be read or written.
    FileFailed = "file_failed", retry false;
    /// A sync is already running.
    SyncRunning = "sync_running", retry true;
    /// The sync was stopped by the officer.
    SyncStopped = "sync_stopped", retry true;
    /// The protocol version is not spoken here.
    ProtocolUnknown = "protocol_unknown", retry false;
    /// The station has another number of bytes of an upload: ask how many, and go on there.
    OffsetWrong = "offset_wrong", retry true;
    /// The file is no bundle, or was cut or changed on its way.
    BundleUnreadable = "bundle_unreadable", retry false;
    /// The bundle is for another station or another tablet.
    BundleElsewhere = "bundle_elsewhere", retry false;
    /// An earlier part of the bundle is missing here.
    BundleIncomplete = "bundle_incomplete", retry false;
    /// The tablet does not know yet to whom its bundles are to be sealed: it syncs once over the network.
    SealingUnknown = "sealing_unknown", retry false;
    /// The other tablet went away, or its officer ended the meeting.
    NearbyEnded = "nearby_ended", retry true;
    /// The other officer did not confirm the code.
    NearbyDeclined = "nearby_declined", retry false;
    /// Nobody came, or nobody confirmed the code, for as long as a tablet waits.
    NearbyTimeout = "nearby_timeout", retry true;
    /// No tablet waits at that address.
    NearbyUnreachable = "nearby_unreachable", retry true;
    /// The other tablet belongs to another station.
    NearbyElsewhere = "nearby_elsewhere", retry false;
    /// This tablet carries as much for others as it may.
    CarriesTooMuch = "carries_too_much", retry false;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_a_code_of_a_newer_program_is_unknown() {
        for code in Code::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), *code);
        }
        assert_eq!(serde_json::from_str::<Code>("\"of_next_year\"").unwrap(), Code::Unknown);
    }
}
