//! Bundles: sealed files as a carrier could change them, and what is inside as a tablet that was let in could write it.

use ailchin_core::bundle::{self, Ask, Content, FORMAT, Frame, Head, PartWriter, Reply, SealingKey};
use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, EpochId, StationId};
use ailchin_core::sync::{PushItem, Verdict};
use ed25519_dalek::Signer as _;
use serde_json::json;

use super::Target;
use super::wire::Author;
use crate::NOW;

pub(super) fn targets() -> Vec<Target> {
    vec![carried(), written()]
}

fn head(author: &Author, content: Content) -> Head {
    Head {
        format: FORMAT,
        station: StationId::new(&author.world),
        device: author.device,
        bundle: BundleId::new(&author.world),
        part: 1,
        parts: 2,
        at_ms: NOW,
        content,
    }
}

fn ask(author: &Author) -> Head {
    let recipient = SealingKey::new(&author.world).recipient().unwrap();
    head(author, Content::Ask(Ask { epoch: None, position: 3, first: 1, recipient, blobs: Vec::new() }))
}

/// A sealed file, changed on its way: refused, whatever was changed.
fn carried() -> Target {
    let author = Author::new(11);
    let key = SealingKey::new(&author.world);
    let mut part = PartWriter::begin(Vec::new(), &key.recipient().unwrap(), &ask(&author)).unwrap();
    part.add(&Frame::Push(b"packed".to_vec())).unwrap();
    let sealed = part.finish(&author.key).unwrap();
    let example = sealed.clone();
    Target::new("bundle on its way", vec![example], move |bytes| {
        let opened = bundle::open(bytes, &key, &author.key.verifying_key());
        assert!(opened.is_err() || bytes == sealed, "a changed bundle was accepted");
        opened.is_ok()
    })
}

/// What is inside, rightly sealed and signed: what is accepted is written again the same.
fn written() -> Target {
    let author = Author::new(12);
    let key = SealingKey::new(&author.world);
    let reply = Reply { epoch: EpochId::new(&author.world), seq: 5, scopes: vec![author.area] };
    let heads = [ask(&author), head(&author, Content::Reply(reply))];
    let blob = json!({ "hash": Hash::of(b"x"), "media_type": "image/png" });
    let verdicts = vec![PushItem { seq: 1, verdict: Verdict::Duplicate(7), filed: None }];
    let examples = heads.map(|head| {
        let frames = [
            frame(b'H', &serde_json::to_vec(&head).unwrap()),
            frame(b'P', b"packed"),
            frame(b'B', format!("{blob}\nx").as_bytes()),
            frame(b'V', &serde_json::to_vec(&verdicts).unwrap()),
            frame(b'L', b"{\"after\":3}\npacked"),
            frame(b'Z', b"of the future"),
        ];
        frames.concat()
    });
    Target::new("bundle of a hostile author", examples.into(), move |bytes| {
        let domain =
            if String::from_utf8_lossy(bytes).contains("\"ask\"") { "ailchin bundle\0" } else { "ailchin answer\0" };
        let message = [domain.as_bytes(), Hash::of(bytes).as_bytes()].concat();
        let signed = [bytes, &frame(b'S', &author.key.sign(&message).to_bytes())].concat();
        let recipient: age::x25519::Recipient = key.recipient().unwrap().parse().unwrap();
        let sealed = age::encrypt(&recipient, &signed).unwrap();
        let Ok(opened) = bundle::open(&sealed, &key, &author.key.verifying_key()) else { return false };
        let head = opened.head().clone();
        let frames: Vec<Frame> = opened.map(Result::unwrap).collect();
        let mut part = PartWriter::begin(Vec::new(), &key.recipient().unwrap(), &head).unwrap();
        frames.iter().for_each(|frame| part.add(frame).unwrap());
        let again = part.finish(&author.key).unwrap();
        let again = bundle::open(&again, &key, &author.key.verifying_key()).unwrap();
        assert_eq!(again.head(), &head);
        assert_eq!(again.map(Result::unwrap).collect::<Vec<_>>(), frames);
        true
    })
}

fn frame(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(bytes);
    frame
}
