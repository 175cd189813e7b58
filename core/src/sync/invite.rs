//! The one-time code that lets a tablet in: what the station shows as text and QR code, and the tablet reads.
//!
//! `ailchin1:` + base64url(JSON with `a` address, `f` certificate fingerprint, `t` token).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "ailchin1:";
const MAX_TEXT: usize = 2_000;

/// An invite.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// The station's address, `https://host:port` (`http://` on loopback only).
    #[serde(rename = "a")]
    pub address: String,
    /// SHA-256 of the station's certificate (DER), 64 hexadecimal digits; `None` for plain HTTP on loopback.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The one-time token.
    #[serde(rename = "t")]
    pub token: String,
}

/// The text is not an invite, or was damaged when it was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an invite")]
pub struct InviteUnreadable;

impl Invite {
    /// Reads the text of an invite; spaces and line breaks in it, as copying makes them, do no harm.
    ///
    /// # Errors
    /// [`InviteUnreadable`] for anything else, for more than 2,000 bytes, and for an address that is neither `https://` nor
    /// `http://` on loopback.
    pub fn read(text: &str) -> Result<Self, InviteUnreadable> {
        if text.len() > MAX_TEXT {
            return Err(InviteUnreadable);
        }
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let coded = compact.strip_prefix(PREFIX).ok_or(InviteUnreadable)?;
        let json = URL_SAFE_NO_PAD.decode(coded).map_err(|_| InviteUnreadable)?;
        let invite: Self = serde_json::from_slice(&json).map_err(|_| InviteUnreadable)?;
        let secure =
            invite.address.starts_with("https://") && invite.fingerprint.as_deref().is_some_and(is_fingerprint);
        if secure || (invite.fingerprint.is_none() && is_plain_loopback(&invite.address)) {
            Ok(invite)
        } else {
            Err(InviteUnreadable)
        }
    }

    /// The text of the invite.
    #[must_use]
    pub fn to_text(&self) -> String {
        let json = serde_json::json!({ "a": self.address, "f": self.fingerprint, "t": self.token });
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json.to_string()))
    }
}

fn is_fingerprint(text: &str) -> bool {
    super::from_hex(text).is_some_and(|bytes| bytes.len() == 32)
}

fn is_plain_loopback(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn invite(address: &str, fingerprint: Option<String>) -> Invite {
        Invite { address: address.into(), fingerprint, token: "t0ken".into() }
    }

    #[test]
    fn an_invite_survives_being_copied_with_line_breaks() {
        let original = invite("https://192.0.2.1:8443", Some("ab".repeat(32)));
        let mut text = original.to_text();
        text.insert_str(20, "\n  ");
        assert_eq!(Invite::read(&text).unwrap(), original);
    }

    #[test]
    fn plain_http_is_taken_on_loopback_only() {
        assert!(Invite::read(&invite("http://127.0.0.1:8080", None).to_text()).is_ok());
        for address in ["http://192.0.2.1:8080", "http://127.0.0.1.example.org", "https://station.example"] {
            assert_eq!(Invite::read(&invite(address, None).to_text()), Err(InviteUnreadable));
        }
        assert_eq!(Invite::read("ailchin1:%%%"), Err(InviteUnreadable));
        assert_eq!(Invite::read(""), Err(InviteUnreadable));
    }
}
