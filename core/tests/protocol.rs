//! Whether core reads every example of `core/PROTOCOL.md` as it stands, writes it again as it stands, and finds the hashes
//! and signatures in it right. The station's side replays them in `sync-server/tests/protocol.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::record::{Checkpoint, Entry, genesis};
use ailchin_core::sync::{
    Challenge, Digest, EnrolRequest, Enrolled, ErrorBody, Invite, LoginProof, LoginRequest, Older, PushAnswer,
    PushHeader, Receipt, ReceiptRequest, Session, StateAnswer, Verdict, login_message, read_batch, write_batch,
    write_line,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The blocks of the contract by name.
fn examples() -> BTreeMap<&'static str, &'static str> {
    let mut found = BTreeMap::new();
    for block in include_str!("../PROTOCOL.md").split("\n```").skip(1).step_by(2) {
        let (head, text) = block.split_once('\n').unwrap();
        if let Some((_, name)) = head.split_once(" name=") {
            assert!(found.insert(name, text).is_none(), "two examples are called {name}");
        }
    }
    found
}

/// Reads an example, and compares what is written again.
fn read<T: DeserializeOwned + Serialize>(name: &str) -> T {
    let text = examples().remove(name).unwrap_or_else(|| panic!("there is no example {name}"));
    let read: T = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{name}");
    read
}

/// The header and the bodies of the push, byte for byte.
fn push() -> (PushHeader, Vec<Entry>) {
    let examples = examples();
    let mut lines = examples["push-request"].lines();
    let header = lines.next().unwrap();
    let read: PushHeader = serde_json::from_str(header).unwrap();
    assert_eq!(write_line(&read).unwrap(), header);
    (read, lines.map(|line| Entry::read(line.to_owned()).unwrap()).collect())
}

#[test]
fn every_json_example_is_read_and_written_again() {
    assert_eq!(read::<ErrorBody>("refusal").code, Code::NotLoggedIn);
    assert_eq!(read::<ErrorBody>("mismatch").code, Code::DigestMismatch);
    let apart = read::<ErrorBody>("apart");
    assert_eq!((apart.code, apart.protocols.unwrap().older()), (Code::ProtocolUnknown, Older::Station));
    let _ = read::<EnrolRequest>("enrol-request");
    let _ = read::<LoginRequest>("login-request");
    let _ = read::<StateAnswer>("state-answer");
    let _ = read::<ReceiptRequest>("receipt-request");
    let enrolled = read::<Enrolled>("enrol-answer");
    assert_eq!(read::<Session>("proof-answer").scopes, enrolled.scopes);
    let verdicts = |name| read::<PushAnswer>(name).items.into_iter().map(|item| item.verdict).collect::<Vec<_>>();
    let refused = Verdict::Refused(Code::OutOfScope);
    assert_eq!(verdicts("push-answer"), [Verdict::Stored(8), refused, Verdict::Stored(9)]);
    assert_eq!(verdicts("push-again-answer"), [Verdict::Duplicate(8), refused, Verdict::Duplicate(9)]);
}

#[test]
fn the_invite_is_read() {
    let invite = Invite::read(examples()["invite"]).unwrap();
    assert_eq!(invite.address, "https://192.0.2.10:8443");
    assert_eq!(invite.token, read::<EnrolRequest>("enrol-request").token);
    assert!(invite.fingerprint.is_some());
}

#[test]
fn the_login_is_signed_by_the_enrolled_key() {
    let (enrol, proof) = (read::<EnrolRequest>("enrol-request"), read::<LoginProof>("proof-request"));
    assert_eq!(proof.challenge, read::<Challenge>("login-answer").challenge);
    enrol.key.verify_strict(&login_message(proof.device, proof.challenge), &proof.signature).unwrap();
}

#[test]
fn the_chain_is_as_computed_and_the_checkpoint_covers_it() {
    let (header, entries) = push();
    let key = read::<EnrolRequest>("enrol-request").key;
    let mut link = genesis(header.checkpoint.device);
    let mut lines = vec![("genesis".to_owned(), link)];
    for entry in &entries {
        let seq = entry.revision.seq;
        link = entry.chain_after(link);
        lines.push((format!("body hash of {seq}"), entry.body_hash));
        lines.push((format!("chain hash at {seq}"), link));
        assert_eq!(Entry::write(entry.revision.clone()).unwrap(), *entry, "written as this program writes");
    }
    let documented = examples()["chain"].lines().map(|line| {
        let (what, hash) = line.rsplit_once(' ').unwrap();
        (what.trim_end().to_owned(), Hash::parse(hash).unwrap())
    });
    assert_eq!(documented.collect::<Vec<_>>(), lines);
    assert_eq!((header.checkpoint.seq, header.checkpoint.hash), (3, link));
    header.checkpoint.verify(&key).unwrap();
    let other = Checkpoint { seq: 2, ..header.checkpoint };
    other.verify(&key).unwrap_err();
}

#[test]
fn the_pull_is_read_and_a_batch_without_its_last_line_does_not_count() {
    let text = examples()["pull-answer"];
    let pulled = read_batch(&write_batch(text.lines()).unwrap()).unwrap();
    assert_eq!(pulled.entries().map(|(at, _)| at).collect::<Vec<_>>(), [5, 6, 7]);
    assert_eq!((pulled.end.end, pulled.end.more, pulled.end.left), (9, false, 0));
    for (line, (_, entry)) in text.lines().zip(pulled.entries()) {
        assert!(line.ends_with(&format!("{}}}", entry.body)), "byte for byte");
    }
    let cut = text.lines().take(3);
    read_batch(&write_batch(cut).unwrap()).unwrap_err();
}

#[test]
fn the_receipt_is_signed_by_the_station_and_states_what_was_compared() {
    let (asked, receipt) = (read::<ReceiptRequest>("receipt-request"), read::<Receipt>("receipt-answer"));
    let stated = receipt.read(&read::<Enrolled>("enrol-answer").station_key).unwrap();
    assert_eq!((stated.epoch, stated.position, &stated.scopes), (asked.epoch, asked.position, &asked.scopes));
    assert_eq!((stated.own_seq, stated.own_stored, stated.own_refused), (3, 2, 1));

    let (_, entries) = push();
    let mut own = Digest::default();
    for entry in [&entries[0], &entries[2]] {
        own.add(entry.body_hash);
    }
    assert_eq!(stated.scopes[1].digest, own);
    // The station wrote a record of the tablet when it let it in.
    assert_eq!(stated.scopes[0].digest.count, read::<StateAnswer>("state-answer").held.count + 1);
}
