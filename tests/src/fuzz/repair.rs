//! What travels when one side gets back what it lost: gifts, proofs, ranges, places, names of parts that are carried.

use ailchin_core::bundle::{Ask, Content, FORMAT, Head};
use ailchin_core::bundle::{Carried, PartName, part_name};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, EpochId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Stretch, genesis};
use ailchin_core::sync::{
    Comparison, Detail, Digest, FetchRequest, GiveAnswer, GiveHeader, GiveItem, Held, IdentityRequest, Line, LogPlace,
    PlacesAnswer, PlacesRequest, Proof, PullEnd, PushItem, Range, RangeHeld, RangesAnswer, RangesRequest, Tally,
    Verdict, read_batch, write_batch, write_line,
};
use ailchin_server::batch::Gift;

use super::Target;
use super::wire::{Author, message};
use crate::NOW;

pub(super) fn targets() -> Vec<Target> {
    let author = Author::new(21);
    let entries = author.writes();
    let epoch = EpochId::new(&author.world);
    let place = LogPlace { device: author.device, seq: 2 };
    let verdicts = [Verdict::Stored(7), Verdict::Duplicate(8), Verdict::Refused(Code::LogForked)];
    let given = (1..).zip(verdicts).map(|(seq, verdict)| GiveItem {
        device: author.device,
        item: PushItem { seq, verdict, filed: Some(author.area) },
    });
    vec![
        gift(&author, &entries, epoch),
        proved_pull(&author, &entries),
        ranges_answer(&author, &entries),
        names_of_parts(&author),
        message("json ranges request", &RangesRequest { epoch, ranges: vec![Range::all(author.area)] }),
        message("json places request", &PlacesRequest { places: vec![1, 64, 128] }),
        message("json places answer", &PlacesAnswer { chains: vec![Some(Hash::of(b"1")), None] }),
        message("json fetch request", &FetchRequest { places: [place].into() }),
        message("json identity request", &IdentityRequest { device: author.device }),
        message("json give header", &GiveHeader { epoch }),
        message("json give answer", &GiveAnswer { items: given.collect() }),
        message("json carried", &Carried { refused: Some(Code::BundleIncomplete) }),
    ]
}

/// The whole log under a checkpoint.
fn stretch(author: &Author, entries: &[Entry]) -> Stretch {
    let end = entries.iter().fold(genesis(author.device), |link, entry| entry.chain_after(link));
    Stretch {
        from: 1,
        previous: genesis(author.device),
        hashes: entries.iter().map(|entry| entry.body_hash).collect(),
        checkpoint: Checkpoint::sign(&author.key, author.device, entries.len() as u64, end),
    }
}

/// What one tablet gives of another's log: only what the author signed is proved.
fn gift(author: &Author, entries: &[Entry], epoch: EpochId) -> Target {
    let (stretch, key) = (stretch(author, entries), author.key.verifying_key());
    let mut examples = Vec::new();
    for travels in [&[1_u64, 2, 3, 4, 5][..], &[2, 4]] {
        let proof = Proof::of(&stretch, |seq| travels.contains(&seq));
        let lines = [
            write_line(&GiveHeader { epoch }).unwrap(),
            write_line(&Line { proof: Some(proof), ..Line::default() }).unwrap(),
        ];
        let bodies =
            entries.iter().filter(|entry| travels.contains(&entry.revision.seq)).map(|entry| entry.body.as_str());
        examples.push(write_batch(lines.iter().map(String::as_str).chain(bodies)).unwrap());
    }
    Target::new("gift", examples, move |bytes| {
        let Ok(gift) = Gift::unpack(bytes) else { return false };
        let (Ok(_), Ok(logs)) = (gift.header(), gift.logs()) else { return false };
        for (proof, bodies) in &logs {
            assert_eq!(proof.travelling().count(), bodies.len());
            let body = |seq: u64| {
                let index = proof.travelling().position(|travels| travels == seq)?;
                Some(Hash::of(bodies[index]))
            };
            let Some(told) = proof.stretch(body) else { return false };
            if told.verify(&key).is_ok() {
                assert_eq!(told, stretch);
            }
            assert_eq!(told.links().count(), told.hashes.len());
        }
        true
    })
    .packed()
}

/// A pull with what proves it, and with records that left.
fn proved_pull(author: &Author, entries: &[Entry]) -> Target {
    let stretch = stretch(author, entries);
    let proof = write_line(&Line { proof: Some(Proof::of(&stretch, |_| true)), ..Line::default() }).unwrap();
    let filed = author.area;
    let lines =
        (1..).zip(entries).map(|(at, entry)| format!("{{\"at\":{at},\"in\":\"{filed}\",\"rev\":{}}}", entry.body));
    let left = format!("{{\"out\":\"{}\",\"of\":\"{filed}\"}}", entries[0].revision.record);
    let end = write_line(&PullEnd { end: 9, more: false, left: 0 }).unwrap();
    let lines: Vec<String> = lines.chain([left, proof, end]).collect();
    let pull = write_batch(lines.iter().map(String::as_str)).unwrap();
    let key = author.key.verifying_key();
    Target::new("pull with proofs", vec![pull], move |bytes| {
        let Ok(read) = read_batch(bytes) else { return false };
        let proved = read.stretches.iter().filter(|told| told.verify(&key).is_ok());
        proved.for_each(|told| assert_eq!(told, &stretch));
        true
    })
    .packed()
}

/// What the station tells of ranges: a tablet looks on from it, or refuses it.
fn ranges_answer(author: &Author, entries: &[Entry]) -> Target {
    let held = |entry: &Entry| Held { hash: entry.body_hash, device: author.device, seq: entry.revision.seq };
    let listed = RangeHeld::Listed(entries.iter().map(held).collect());
    let mut digest = Digest::default();
    entries.iter().for_each(|entry| digest.add(entry.body_hash));
    let parts = RangeHeld::Parts(vec![digest; 16]);
    let answers = [listed, parts].map(|held| RangesAnswer { newest: 9, ranges: vec![held] });
    let examples = answers.iter().map(|answer| serde_json::to_vec(answer).unwrap()).collect();
    let (area, mine): (_, Vec<Held>) = (author.area, entries.iter().take(3).map(held).collect());
    Target::new("json ranges answer", examples, move |bytes| {
        let Ok(answer) = serde_json::from_slice::<RangesAnswer>(bytes) else { return false };
        let again: RangesAnswer = serde_json::from_slice(&serde_json::to_vec(&answer).unwrap()).unwrap();
        assert_eq!(again, answer);
        let mut comparison = Comparison::of([area]);
        let asks = comparison.asks().to_vec();
        let details: Vec<Detail> = answer.ranges.iter().map(RangeHeld::detail).collect();
        let asked: Vec<(Range, Detail)> = asks.into_iter().zip(details).collect();
        let mut tally = Tally::of(asked.iter().map(|(range, detail)| (range, *detail)));
        mine.iter().for_each(|held| tally.add(*held));
        comparison.told(&answer, &tally.tell().collect::<Vec<_>>()).is_ok()
    })
}

/// Names of files that came over a wire or lie on a stick: none leads out of its folder.
fn names_of_parts(author: &Author) -> Target {
    let ask = Ask { epoch: None, position: 3, first: 1, recipient: String::new(), blobs: Vec::new() };
    let head = Head {
        format: FORMAT,
        station: StationId::new(&author.world),
        device: author.device,
        bundle: BundleId::new(&author.world),
        part: 1,
        parts: 2,
        at_ms: NOW,
        content: Content::Ask(ask),
    };
    let name = part_name(&head);
    let answer = name.replace("-001.", "-answer-012.");
    Target::new("name of a part", vec![name.into_bytes(), answer.into_bytes()], |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let Some(_) = PartName::read(text) else { return false };
        let path = std::path::Path::new("folder").join(text);
        assert_eq!((path.file_name(), path.parent()), (Some(text.as_ref()), Some(std::path::Path::new("folder"))));
        true
    })
}
