//! What can go wrong on a tablet.

use crate::bundle::BundleUnreadable;
use crate::error::Code;
use crate::form::FormError;
use crate::replica::ReplicaError;
use crate::sync::{Apart, InviteUnreadable, ReceiptWrong, WireUnreadable};
use crate::view::Refusal;

/// Why the tablet did not do something.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The replica failed or refused.
    #[error("working with the replica")]
    Replica(#[from] ReplicaError),
    /// A file beside the replica failed.
    #[error("{doing}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The vault is not what this program writes.
    #[error("reading the vault")]
    VaultUnreadable(#[source] serde_json::Error),
    /// A key cannot be made or opened.
    #[error("deriving a key from a PIN")]
    Derivation(#[source] argon2::Error),
    /// The PIN is wrong.
    #[error("the PIN is wrong")]
    WrongPin {
        /// Milliseconds until the next one is taken.
        wait_ms: i64,
    },
    /// Too many wrong PINs.
    #[error("a PIN is taken in {wait_ms} ms")]
    PinDelayed {
        /// Milliseconds until the next one is taken.
        wait_ms: i64,
    },
    /// The form's answers cannot be read.
    #[error("reading the form's answers")]
    Form(#[from] FormError),
    /// The invite cannot be read.
    #[error("reading an invite")]
    Invite(#[from] InviteUnreadable),
    /// The picture cannot be read.
    #[error("reading a picture")]
    Picture(#[source] image::ImageError),
    /// The receipt is not the station's.
    #[error("checking a receipt")]
    Receipt(#[from] ReceiptWrong),
    /// A bundle cannot be read or written.
    #[error("reading or writing a bundle")]
    Bundle(#[from] BundleUnreadable),
    /// The other tablet went away.
    #[error("speaking with the tablet beside this one")]
    Nearby(#[source] std::io::Error),
    /// No tablet answers at an address.
    #[error("calling a tablet nearby")]
    NearbyAway(#[source] std::io::Error),
    /// What the station sent cannot be read.
    #[error("reading what the station sent")]
    Wire(#[from] WireUnreadable),
    /// The request did not get through.
    #[error("asking the station")]
    Http(#[source] reqwest::Error),
    /// The certificate is not the pinned one.
    #[error("the station shows another certificate than the invite named")]
    CertificateChanged,
    /// The station answered with a code.
    #[error("the station answers {0}")]
    Station(Code),
    /// The station's program and the tablet's have no version of the protocol in common.
    #[error("{0}")]
    Apart(Apart),
    /// The tablet refuses by itself.
    #[error("{0}")]
    Refused(Code),
    /// A field is not allowed.
    #[error("the field {0} is not allowed")]
    Field(String),
}

impl DeviceError {
    pub(crate) fn file(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { doing, source }
    }

    /// The code for the interface.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Replica(cause) => cause.code(),
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => Code::DiskFull,
            Self::File { .. } | Self::VaultUnreadable(_) | Self::Derivation(_) => Code::FileFailed,
            Self::WrongPin { .. } => Code::WrongPin,
            Self::PinDelayed { .. } => Code::PinDelayed,
            Self::Form(cause) => cause.code(),
            Self::Invite(_) => Code::InviteUnreadable,
            Self::Picture(_) => Code::PictureUnreadable,
            Self::Receipt(_) => Code::ReceiptWrong,
            Self::Nearby(_) => Code::NearbyEnded,
            Self::NearbyAway(_) => Code::NearbyUnreachable,
            Self::Bundle(cause) => cause.code(),
            Self::Wire(_) => Code::AnswerUnreadable,
            Self::Http(_) => Code::StationUnreachable,
            Self::CertificateChanged => Code::CertificateChanged,
            Self::Apart(_) => Code::ProtocolUnknown,
            Self::Station(code) | Self::Refused(code) => *code,
            Self::Field(_) => Code::FieldWrong,
        }
    }

    /// What crosses to the interface.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let wait_ms = match self {
            Self::WrongPin { wait_ms } | Self::PinDelayed { wait_ms } => Some(*wait_ms),
            _ => None,
        };
        let field = match self {
            Self::Field(field) => Some(field.clone()),
            Self::Replica(ReplicaError::Field(wrong)) => Some(wrong.field.clone()),
            Self::Form(cause) => cause.question().map(str::to_owned),
            _ => None,
        };
        let older = match self {
            Self::Apart(apart) => Some(apart.older()),
            _ => None,
        };
        Refusal { code: self.code(), wait_ms, field, older }
    }
}
