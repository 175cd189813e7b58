//! How a refusal looks on the wire: always an `ErrorBody` with a closed code, under the status that fits it.

use ailchin_core::error::Code;
use ailchin_core::sync::{Apart, ErrorBody, ScopeDigest};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::blobs::BlobsError;
use crate::store::StoreError;

/// A refused request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Refusal {
    code: Code,
    status: StatusCode,
    scopes: Vec<ScopeDigest>,
    protocols: Option<Apart>,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::with(code, status(code))
    }
}

impl Refusal {
    /// A refusal under a status that the code alone does not say.
    pub(super) const fn with(code: Code, status: StatusCode) -> Self {
        Self { code, status, scopes: Vec::new(), protocols: None }
    }

    /// A refusal of a program that speaks no version that this one speaks.
    pub(super) fn apart(apart: Apart) -> Self {
        Self { protocols: Some(apart), ..Self::from(Code::ProtocolUnknown) }
    }
}

impl From<BlobsError> for Refusal {
    fn from(error: BlobsError) -> Self {
        tracing::error!(error = %crate::causes(&error), "the blobs failed");
        Self::from(Code::StationFailed)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let code = error.code();
        match error {
            StoreError::Mismatch(scopes) => Self { scopes, ..Self::from(code) },
            StoreError::Refused(_) => Self::from(code),
            failed => {
                tracing::error!(error = %crate::causes(&failed), "the store failed");
                Self::from(code)
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(code = %self.code, "refused");
        let Self { code, status, scopes, protocols } = self;
        (status, Json(ErrorBody { code, scopes, protocols })).into_response()
    }
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::NotLoggedIn | Code::DeviceUnknown | Code::WrongPassword => StatusCode::UNAUTHORIZED,
        Code::DeviceRevoked => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::LogForked
        | Code::LogGap
        | Code::CheckpointWrong
        | Code::EpochChanged
        | Code::DigestMismatch
        | Code::InviteUsed
        | Code::OffsetWrong
        | Code::AlreadyEnrolled => StatusCode::CONFLICT,
        Code::InviteExpired => StatusCode::GONE,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::BlobWrong => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::StationFailed => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}
