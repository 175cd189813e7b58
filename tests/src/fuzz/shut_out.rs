//! What a tablet that was shut out and its station say to each other: a tablet erases itself in the end, so nobody else's word
//! may count.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId, EpochId, RevisionId, StationId};
use ailchin_core::sync::{
    Acknowledgement, AcknowledgementBody, Admission, AdmissionBody, AdmissionRequest, Has, LastParts, LastPartsAnswer,
    Revocation,
};
use ed25519_dalek::SigningKey;

use super::Target;
use super::wire::message;
use crate::NOW;

const STATION: StationId = StationId::from_bytes([1; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
const BUNDLE: BundleId = BundleId::from_bytes([3; 16]);

pub(super) fn targets() -> Vec<Target> {
    let key = SigningKey::from_bytes(&[4; 32]);
    let parts = vec![Hash::of(b"1"), Hash::of(b"2")];
    let asked = AdmissionRequest { device: DEVICE, nonce: Hash::of(b"now") };
    let body = AcknowledgementBody {
        station: STATION,
        device: DEVICE,
        at_ms: NOW,
        has: has(),
        bundle: BUNDLE,
        parts: parts.clone(),
    };
    let acknowledgement = Acknowledgement::sign(&key, &body).unwrap();
    let missing = LastPartsAnswer { missing: parts.clone(), acknowledgement: None };
    let kept = LastPartsAnswer { missing: Vec::new(), acknowledgement: Some(acknowledgement.clone()) };
    vec![
        message("json admission request", &asked),
        message("json last parts missing", &missing),
        message("json last parts kept", &kept),
        admission(&key, asked),
        last_parts(&key, parts.clone()),
        acknowledged(&key, &acknowledgement, body, parts),
    ]
}

fn has() -> Has {
    Has {
        epoch: EpochId::from_bytes([5; 16]),
        seq: 7,
        chain: Hash::of(b"chain"),
        blobs_missing: vec![Hash::of(b"photo")],
    }
}

/// Only the station says whether a device is let in, and only as the answer to this question.
fn admission(key: &SigningKey, asked: AdmissionRequest) -> Target {
    let states = |revoked| AdmissionBody {
        station: STATION,
        device: DEVICE,
        nonce: asked.nonce,
        at_ms: NOW,
        has: has(),
        recipient: "age1…".to_owned(),
        revoked,
    };
    let since = Revocation { at_ms: NOW, revision: Some(RevisionId::from_bytes([6; 16])) };
    let stated = [states(None), states(Some(since))];
    let signed = stated.iter().map(|body| serde_json::to_vec(&Admission::sign(key, body).unwrap()).unwrap());
    let (signed, by) = (signed.collect(), key.verifying_key());
    Target::new("admission", signed, move |bytes| {
        let Ok(read) = serde_json::from_slice::<Admission>(bytes) else { return false };
        let Ok(body) = read.read(&by, STATION, asked) else { return false };
        assert!(stated.contains(&body));
        true
    })
}

/// Only the device says what it hands over.
fn last_parts(key: &SigningKey, parts: Vec<Hash>) -> Target {
    let signed = LastParts::sign(key, STATION, DEVICE, BUNDLE, parts);
    let by = key.verifying_key();
    Target::new("last parts", vec![serde_json::to_vec(&signed).unwrap()], move |bytes| {
        let Ok(read) = serde_json::from_slice::<LastParts>(bytes) else { return false };
        if !read.is_by(&by, STATION, DEVICE) {
            return false;
        }
        assert_eq!(read, signed);
        true
    })
}

/// Only the station says that it keeps exactly these parts.
fn acknowledged(key: &SigningKey, signed: &Acknowledgement, body: AcknowledgementBody, parts: Vec<Hash>) -> Target {
    let by = key.verifying_key();
    Target::new("acknowledgement", vec![serde_json::to_vec(signed).unwrap()], move |bytes| {
        let Ok(read) = serde_json::from_slice::<Acknowledgement>(bytes) else { return false };
        let Ok(stated) = read.read(&by, (STATION, DEVICE), (BUNDLE, &parts)) else { return false };
        assert_eq!(stated, body);
        true
    })
}
