//! A part is read by whom it is for, as it was made, or not at all.

use ed25519_dalek::SigningKey;

use super::*;
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{BundleId, DeviceId, DraftId, RecordId, StationId};
use crate::time::Instant;

fn export() -> Head {
    Head {
        format: FORMAT,
        station: StationId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        bundle: BundleId::from_bytes([3; 16]),
        part: 1,
        parts: 2,
        at_ms: Instant::from_ms(1_000),
        content: Content::Ask(Ask {
            epoch: None,
            position: 0,
            first: 1,
            recipient: "age1…".to_owned(),
            blobs: Vec::new(),
        }),
    }
}

fn frames() -> Vec<Frame> {
    vec![
        Frame::Push(b"packed".to_vec()),
        Frame::Blob { hash: Hash::of(b"x\ny"), media_type: "image/png".to_owned(), bytes: b"x\ny".to_vec() },
        Frame::Verdicts(Vec::new()),
        Frame::Page { after: 7, packed: Vec::new() },
        Frame::Refused(Aside { seq: 4, code: Code::OutOfScope, body: "{}".to_owned() }),
        Frame::Draft(LeftDraft {
            id: DraftId::from_bytes([5; 16]),
            household: Some(RecordId::from_bytes([6; 16])),
            form: "household_visit".to_owned(),
            begun_ms: Instant::from_ms(3),
            submission: Some("<data/>".to_owned()),
            files: vec![("photo.png".to_owned(), Hash::of(b"x"))],
        }),
    ]
}

fn made(head: &Head, frames: &[Frame], to: &SealingKey, by: &SigningKey) -> Vec<u8> {
    let mut part = PartWriter::begin(Vec::new(), &to.recipient().unwrap(), head).unwrap();
    frames.iter().for_each(|frame| part.add(frame).unwrap());
    part.finish(by).unwrap()
}

fn read(sealed: &[u8], key: &SealingKey, by: &SigningKey) -> Result<(Head, Vec<Frame>), BundleUnreadable> {
    let frames = open(sealed, key, &by.verifying_key())?;
    let head = frames.head().clone();
    Ok((head, frames.collect::<Result<_, _>>()?))
}

fn keys() -> (SealingKey, SigningKey) {
    (SealingKey::from_bytes([5; 32]), SigningKey::from_bytes(&[6; 32]))
}

#[test]
fn a_part_is_read_as_it_was_made() {
    let (key, by) = keys();
    let sealed = made(&export(), &frames(), &key, &by);
    assert_eq!(head(&sealed, &key).unwrap(), export());
    assert_eq!(read(&sealed, &key, &by).unwrap(), (export(), frames()));
}

#[test]
fn a_part_with_any_byte_changed_or_cut_anywhere_is_refused() {
    let (key, by) = keys();
    let sealed = made(&export(), &frames(), &key, &by);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(read(&changed, &key, &by).is_err(), "byte {at} of {}", sealed.len());
        assert!(read(&sealed[..at], &key, &by).is_err(), "cut at {at} of {}", sealed.len());
    }
    let mut grown = sealed;
    grown.push(0);
    assert!(read(&grown, &key, &by).is_err());
}

#[test]
fn a_part_for_somebody_else_or_by_somebody_else_is_refused() {
    let (key, by) = keys();
    let sealed = made(&export(), &frames(), &key, &by);
    let other = SealingKey::from_bytes([9; 32]);
    assert_eq!(read(&sealed, &other, &by).unwrap_err().code(), Code::BundleElsewhere);
    let somebody = SigningKey::from_bytes(&[9; 32]);
    assert_eq!(read(&sealed, &key, &somebody).unwrap_err().code(), Code::BundleUnreadable);
}

#[test]
fn an_export_cannot_be_passed_off_as_an_answer() {
    let (key, by) = keys();
    let epoch = crate::ids::EpochId::from_bytes([4; 16]);
    let answer = Head { content: Content::Reply(Reply { epoch, seq: 0, scopes: Vec::new() }), ..export() };
    // As whoever has the device's signature over an export would try.
    let mut part = PartWriter::begin(Vec::new(), &key.recipient().unwrap(), &answer).unwrap();
    part.domain_for_tests("ailchin bundle");
    let sealed = part.finish(&by).unwrap();
    assert_eq!(read(&sealed, &key, &by).unwrap_err().code(), Code::BundleUnreadable);
}

#[test]
fn what_a_newer_program_adds_is_passed_over_and_a_newer_format_is_told() {
    let (key, by) = keys();
    let mut part = PartWriter::begin(Vec::new(), &key.recipient().unwrap(), &export()).unwrap();
    part.raw_for_tests(b'Z', b"of the future");
    part.add(&frames()[0]).unwrap();
    let sealed = part.finish(&by).unwrap();
    assert_eq!(read(&sealed, &key, &by).unwrap().1, frames()[..1]);

    let newer = Head { format: FORMAT + 1, ..export() };
    let sealed = made(&newer, &[], &key, &by);
    assert_eq!(read(&sealed, &key, &by).unwrap_err().code(), Code::FileTooNew);
}

#[test]
fn what_is_sealed_can_be_opened_by_the_program_of_age() {
    // age's own reader takes the text form of the key: the format is age's, not ours.
    let (key, by) = keys();
    let sealed = made(&export(), &[], &key, &by);
    assert!(sealed.starts_with(b"age-encryption.org/v1\n-> X25519 "));
}
