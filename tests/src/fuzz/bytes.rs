//! How bytes are changed: flipped, cut, spliced, grown, and with what parsers stumble over put in.

use std::io::Read as _;

use crate::Dice;

/// Bytes do not grow beyond this.
const MOST: usize = 1 << 20;

/// What parsers stumble over.
const ODD: &[&[u8]] = &[
    b"\n",
    b"\0",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"9223372036854775807",
    b"0.1e-400",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    "\u{202f}".as_bytes(),
    "\u{180e}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"]]>",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"&b;",
    b"<",
    b"/>",
    b"--",
    b"'",
    b"../",
    b"%00",
    b"ailchin1:",
    b"\"id\":",
    b"\"fields\":",
    b"\"parents\":",
    b"\"hlc\":[0,0]",
    b"00000000-0000-0000-0000-000000000000",
    b"0000000000000000000000000000000000000000000000000000000000000000",
];

/// An example, changed one to four times.
pub(super) fn changed(dice: &mut Dice, examples: &[Vec<u8>], packed: bool) -> Vec<u8> {
    let inside = packed && dice.below(4) > 0;
    let one = |dice: &mut Dice| {
        let example = &examples[below(dice, examples.len())];
        if inside { unpacked(example) } else { example.clone() }
    };
    let mut bytes = one(dice);
    let changes = if dice.below(2) == 0 { 1 } else { 2 + dice.below(3) };
    for _ in 0..changes {
        let other = one(dice);
        change(dice, &mut bytes, &other);
        bytes.truncate(MOST);
    }
    if inside { zstd::encode_all(bytes.as_slice(), 1).unwrap() } else { bytes }
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    zstd::Decoder::new(packed).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = below(dice, bytes.len() + 1);
    let to = at + below(dice, bytes.len() - at + 1);
    match dice.below(10) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..to.min(at + 40))),
        3 => {
            let from = below(dice, other.len() + 1);
            let piece = other[from..(from + below(dice, 200)).min(other.len())].to_vec();
            drop(bytes.splice(at..at, piece));
        }
        4 => {
            let piece = bytes[at..to.min(at + 100)].to_vec();
            let many = dice.below(8) == 0;
            let times = 1 + below(dice, if many { 4_000 } else { 8 });
            drop(bytes.splice(at..at, piece.repeat(times.min(MOST / piece.len().max(1)))));
        }
        5 => {
            let from = below(dice, other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        6 => {
            let odd = ODD[below(dice, ODD.len())];
            drop(bytes.splice(at..at, odd.iter().copied()));
        }
        7 => change_a_number(dice, bytes, at),
        8 => {
            let odd = ODD[below(dice, ODD.len())];
            drop(bytes.splice(at..to.min(at + 12), odd.iter().copied()));
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(dice.below(256)).unwrap();
            }
        }
    }
}

/// Another number in place of the next one.
fn change_a_number(dice: &mut Dice, bytes: &mut Vec<u8>, at: usize) {
    const NUMBERS: &[&str] =
        &["0", "-1", "1", "65536", "4294967296", "9007199254740993", "18446744073709551615", "1.5", "1e400", "007"];
    let Some(from) = (at..bytes.len()).find(|at| bytes[*at].is_ascii_digit()) else { return };
    let to = (from..bytes.len()).find(|at| !bytes[*at].is_ascii_digit()).unwrap_or(bytes.len());
    let number = NUMBERS[below(dice, NUMBERS.len())];
    drop(bytes.splice(from..to, number.bytes()));
}

fn below(dice: &mut Dice, end: usize) -> usize {
    if end == 0 { 0 } else { usize::try_from(dice.below(end as u64)).unwrap() }
}
