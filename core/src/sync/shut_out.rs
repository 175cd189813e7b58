//! What a tablet that was shut out and its station say to each other: whether it is shut out, what it hands over, and that
//! all of it is here.
//!
//! A tablet erases itself in the end, so that nobody's word counts but the station's own: every statement is signed by the
//! station's key, the first one freshly, over a number that the tablet has just made up.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::ids::{BundleId, DeviceId, EpochId, RevisionId, StationId};
use crate::time::Instant;

/// The header with the device's signature over a part that it hands over.
pub const PART_SIGNATURE: &str = "ailchin-signature";

/// The most parts in which a tablet hands over what it has.
pub const MAX_LAST_PARTS: usize = 4_000;

/// `POST /v1/shut-out`: is this device let in?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdmissionRequest {
    /// The device.
    pub device: DeviceId,
    /// A number that nobody could have known before: an old statement is no answer.
    pub nonce: Hash,
}

/// Whether a device is let in, as the station states it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// The JSON of an [`AdmissionBody`], byte for byte as it was signed.
    pub body: String,
    /// The station's Ed25519 signature over `"ailchin admission" 00 body`.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// What the station states.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdmissionBody {
    /// Who states it.
    pub station: StationId,
    /// Of whom.
    pub device: DeviceId,
    /// What the device sent along.
    pub nonce: Hash,
    /// The station's clock.
    pub at_ms: Instant,
    /// What the station has of the device's work.
    #[serde(flatten)]
    pub has: Has,
    /// To whom the device seals what it hands over, `age1…`.
    pub recipient: String,
    /// That it was shut out; left out if it is let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// What a station has of a device's work.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Has {
    /// The life of its store.
    pub epoch: EpochId,
    /// The device's log up to this place …
    pub seq: u64,
    /// … where the chain hash is this.
    pub chain: Hash,
    /// The blobs that it lacks among those that the device's stored revisions name, as far as there are not more than
    /// [`super::MAX_BLOBS_MISSING`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs_missing: Vec<Hash>,
}

/// That a device was shut out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revocation {
    /// When, by the station's clock.
    pub at_ms: Instant,
    /// The revision of the device's record that says so. A device that has it was let in again since: whoever still states it
    /// was put back to an older copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<RevisionId>,
}

/// `POST /v1/shut-out/{device}`: this is all that the device hands over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastParts {
    /// The bundle.
    pub bundle: BundleId,
    /// The hashes of its parts, in their order.
    pub parts: Vec<Hash>,
    /// The device's Ed25519 signature over `"ailchin last parts" 00 station device bundle hash`, where the hash is BLAKE3 over
    /// those of the parts.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// The answer to [`LastParts`]: either some are missing, or all are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LastPartsAnswer {
    /// Parts that are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Hash>,
    /// That all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<Acknowledgement>,
}

/// That a station keeps all that a device handed over. Only then the device erases itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The JSON of an [`AcknowledgementBody`], byte for byte as it was signed.
    pub body: String,
    /// The station's Ed25519 signature over `"ailchin acknowledgement" 00 body`.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// What the station states.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AcknowledgementBody {
    /// Who states it.
    pub station: StationId,
    /// To whom.
    pub device: DeviceId,
    /// The station's clock.
    pub at_ms: Instant,
    /// What it has besides: a station that was put back since the parts were made has less.
    #[serde(flatten)]
    pub has: Has,
    /// The bundle …
    pub bundle: BundleId,
    /// … and the hashes of its parts, in their order.
    pub parts: Vec<Hash>,
}

/// A statement that is not the station's, or is about something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the station has not stated this")]
pub struct NotStated;

const ADMISSION: &[u8] = b"ailchin admission\0";
const ACKNOWLEDGEMENT: &[u8] = b"ailchin acknowledgement\0";

impl Admission {
    /// Signs a statement.
    ///
    /// # Errors
    /// Only if the body cannot be written as JSON.
    pub fn sign(key: &SigningKey, body: &AdmissionBody) -> Result<Self, serde_json::Error> {
        let (body, signature) = sign(key, ADMISSION, body)?;
        Ok(Self { body, signature })
    }

    /// Checks that the station states this to whoever asked so.
    ///
    /// # Errors
    /// [`NotStated`] if the signature is not `key`'s, or it is about another station, device or question.
    pub fn read(
        &self,
        key: &VerifyingKey,
        station: StationId,
        asked: AdmissionRequest,
    ) -> Result<AdmissionBody, NotStated> {
        let body: AdmissionBody = read(key, ADMISSION, &self.body, &self.signature)?;
        let fits = body.station == station && body.device == asked.device && body.nonce == asked.nonce;
        if fits { Ok(body) } else { Err(NotStated) }
    }
}

impl Acknowledgement {
    /// Signs a statement.
    ///
    /// # Errors
    /// Only if the body cannot be written as JSON.
    pub fn sign(key: &SigningKey, body: &AcknowledgementBody) -> Result<Self, serde_json::Error> {
        let (body, signature) = sign(key, ACKNOWLEDGEMENT, body)?;
        Ok(Self { body, signature })
    }

    /// Checks that the station states that it keeps exactly these parts of this device.
    ///
    /// # Errors
    /// [`NotStated`] otherwise.
    pub fn read(
        &self,
        key: &VerifyingKey,
        (station, device): (StationId, DeviceId),
        (bundle, parts): (BundleId, &[Hash]),
    ) -> Result<AcknowledgementBody, NotStated> {
        let body: AcknowledgementBody = read(key, ACKNOWLEDGEMENT, &self.body, &self.signature)?;
        let fits = (body.station, body.device, body.bundle) == (station, device, bundle) && body.parts == parts;
        if fits { Ok(body) } else { Err(NotStated) }
    }
}

impl LastParts {
    /// Signs what a device hands over.
    #[must_use]
    pub fn sign(key: &SigningKey, station: StationId, device: DeviceId, bundle: BundleId, parts: Vec<Hash>) -> Self {
        let signature = key.sign(&parts_message(station, device, bundle, &parts));
        Self { bundle, parts, signature }
    }

    /// Whether the device signed it.
    #[must_use]
    pub fn is_by(&self, key: &VerifyingKey, station: StationId, device: DeviceId) -> bool {
        let message = parts_message(station, device, self.bundle, &self.parts);
        key.verify_strict(&message, &self.signature).is_ok()
    }
}

/// What a device signs to hand over a part: `"ailchin last part" 00 station device hash`.
#[must_use]
pub fn part_message(station: StationId, device: DeviceId, part: Hash) -> Vec<u8> {
    let mut message = b"ailchin last part\0".to_vec();
    message.extend_from_slice(station.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(part.as_bytes());
    message
}

fn parts_message(station: StationId, device: DeviceId, bundle: BundleId, parts: &[Hash]) -> Vec<u8> {
    let all: Vec<u8> = parts.iter().flat_map(|part| *part.as_bytes()).collect();
    let mut message = b"ailchin last parts\0".to_vec();
    message.extend_from_slice(station.as_bytes());
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(bundle.as_bytes());
    message.extend_from_slice(Hash::of(&all).as_bytes());
    message
}

fn sign(key: &SigningKey, domain: &[u8], body: &impl Serialize) -> Result<(String, Signature), serde_json::Error> {
    let body = serde_json::to_string(body)?;
    let signature = key.sign(&[domain, body.as_bytes()].concat());
    Ok((body, signature))
}

fn read<T: DeserializeOwned>(
    key: &VerifyingKey,
    domain: &[u8],
    body: &str,
    signature: &Signature,
) -> Result<T, NotStated> {
    key.verify_strict(&[domain, body.as_bytes()].concat(), signature).map_err(|_| NotStated)?;
    serde_json::from_str(body).map_err(|_| NotStated)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATION: StationId = StationId::from_bytes([1; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
    const BUNDLE: BundleId = BundleId::from_bytes([3; 16]);

    fn has() -> Has {
        Has { epoch: EpochId::from_bytes([4; 16]), seq: 7, chain: Hash::of(b"chain"), blobs_missing: Vec::new() }
    }

    fn admission(nonce: Hash) -> AdmissionBody {
        let revoked = Some(Revocation { at_ms: Instant::from_ms(5), revision: None });
        let (at_ms, recipient) = (Instant::from_ms(9), "age1…".to_owned());
        AdmissionBody { station: STATION, device: DEVICE, nonce, at_ms, has: has(), recipient, revoked }
    }

    #[test]
    fn an_admission_is_the_stations_about_this_device_and_an_answer_to_this_question() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let asked = AdmissionRequest { device: DEVICE, nonce: Hash::of(b"now") };
        let stated = Admission::sign(&key, &admission(asked.nonce)).unwrap();
        assert_eq!(stated.read(&key.verifying_key(), STATION, asked), Ok(admission(asked.nonce)));
        assert_eq!(stated.read(&other.verifying_key(), STATION, asked), Err(NotStated));
        assert_eq!(stated.read(&key.verifying_key(), StationId::from_bytes([9; 16]), asked), Err(NotStated));
        for wrong in [
            AdmissionRequest { nonce: Hash::of(b"then"), ..asked },
            AdmissionRequest { device: DeviceId::from_bytes([9; 16]), ..asked },
        ] {
            assert_eq!(stated.read(&key.verifying_key(), STATION, wrong), Err(NotStated));
        }
        let changed = Admission { body: stated.body.replace("\"seq\":7", "\"seq\":8"), ..stated.clone() };
        assert_eq!(changed.read(&key.verifying_key(), STATION, asked), Err(NotStated));
        // What is signed for one purpose is nothing for another.
        let elsewhere = Acknowledgement { body: stated.body, signature: stated.signature };
        assert_eq!(elsewhere.read(&key.verifying_key(), (STATION, DEVICE), (BUNDLE, &[])), Err(NotStated));
    }

    #[test]
    fn an_acknowledgement_names_exactly_what_was_handed_over() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let parts = vec![Hash::of(b"1"), Hash::of(b"2")];
        let (at_ms, bundle) = (Instant::from_ms(9), BUNDLE);
        let body =
            AcknowledgementBody { station: STATION, device: DEVICE, at_ms, has: has(), bundle, parts: parts.clone() };
        let stated = Acknowledgement::sign(&key, &body).unwrap();
        let by = key.verifying_key();
        assert_eq!(stated.read(&by, (STATION, DEVICE), (BUNDLE, &parts)), Ok(body));
        assert_eq!(stated.read(&by, (STATION, DEVICE), (BUNDLE, &parts[..1])), Err(NotStated));
        let turned = [parts[1], parts[0]];
        assert_eq!(stated.read(&by, (STATION, DEVICE), (BUNDLE, &turned)), Err(NotStated));
        assert_eq!(
            stated.read(&by, (STATION, DEVICE), (BundleId::from_bytes([9; 16]), &parts)),
            Err(NotStated),
            "another bundle"
        );
    }

    #[test]
    fn a_list_of_parts_is_the_devices_own() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let parts = LastParts::sign(&key, STATION, DEVICE, BUNDLE, vec![Hash::of(b"1")]);
        assert!(parts.is_by(&key.verifying_key(), STATION, DEVICE));
        assert!(!parts.is_by(&key.verifying_key(), STATION, DeviceId::from_bytes([9; 16])));
        let longer = LastParts { parts: vec![Hash::of(b"1"), Hash::of(b"2")], ..parts };
        assert!(!longer.is_by(&key.verifying_key(), STATION, DEVICE));
    }
}
