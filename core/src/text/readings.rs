//! How one Han character is read.
//!
//! The `pinyin` crate knows every reading that a dictionary gives, most of them dead: 霍 is also *suo* there, 呼 also *xia*.
//! Alternatives are therefore taken only from a list of living readings. The first one is the usual one in a name, and
//! decides the order in lists.

use super::living::living;
use pinyin::{Pinyin, ToPinyin as _, ToPinyinMulti as _};

/// The sounds of one character, the usual one first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readings {
    sounds: [&'static str; Self::MAX],
    count: usize,
}

impl Readings {
    const MAX: usize = 4;
    pub(super) const NONE: Self = Self { sounds: [""; Self::MAX], count: 0 };

    fn add(&mut self, sound: &'static str) {
        if let Some(slot) = self.sounds.get_mut(self.count) {
            *slot = sound;
            self.count += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Forgets all but the first `most` sounds, but never the first.
    pub(super) fn keep_first(&mut self, most: usize) {
        self.count = self.count.min(most.max(1));
    }

    pub(super) fn sound(&self, at: usize) -> &'static str {
        self.sounds.get(at).copied().unwrap_or_default()
    }

    /// The different first letters of the sounds.
    fn initials(&self) -> impl Iterator<Item = char> {
        let sounds = self.sounds.iter().take(self.count).enumerate();
        let new = sounds.filter(|(at, sound)| {
            let earlier = self.sounds.iter().take(*at);
            earlier.clone().all(|other| other.as_bytes().first() != sound.as_bytes().first())
        });
        new.filter_map(|(_, sound)| sound.chars().next())
    }

    pub(super) fn initial_count(&self) -> usize {
        self.initials().count()
    }

    pub(super) fn initial(&self, at: usize) -> char {
        self.initials().nth(at).unwrap_or_default()
    }
}

/// The sounds of a character without tones, `ü` as `v` and as `u`; none when it is not known.
pub(super) fn readings(character: char) -> Readings {
    let mut found = Readings::NONE;
    let listed = living(character);
    let from_dictionary = character.to_pinyin().filter(|_| listed.is_empty()).map(Pinyin::plain);
    for sound in listed.iter().copied().chain(from_dictionary) {
        match sound {
            "lü" | "lv" => ["lv", "lu"].into_iter().for_each(|spelling| found.add(spelling)),
            "lüe" | "lve" => ["lve", "lue"].into_iter().for_each(|spelling| found.add(spelling)),
            "nü" | "nv" => ["nv", "nu"].into_iter().for_each(|spelling| found.add(spelling)),
            "nüe" | "nve" => ["nve", "nue"].into_iter().for_each(|spelling| found.add(spelling)),
            "ê" => found.add("e"),
            ascii if ascii.is_ascii() && !ascii.is_empty() => found.add(ascii),
            _ => {}
        }
    }
    found
}

/// Writes the usual sound of a character with its tone as a digit; nothing when it is not known.
pub(super) fn write_toned(character: char, out: &mut String) {
    let usual = living(character).first();
    let known = character.to_pinyin_multi();
    let toned = known.and_then(|known| {
        let mut known = known.into_iter();
        known.find(|reading| usual.is_none_or(|usual| is_spelled(reading.plain(), usual)))
    });
    let sound = toned.map(Pinyin::with_tone_num_end).or(usual.copied()).unwrap_or_default();
    out.extend(sound.chars().map(ascii_letter));
}

/// Whether a dictionary's sound is the one that keyboards spell this way.
fn is_spelled(sound: &str, spelling: &str) -> bool {
    sound.chars().map(ascii_letter).eq(spelling.chars())
}

fn ascii_letter(letter: char) -> char {
    match letter {
        'ü' => 'v',
        'ê' => 'e',
        other => other,
    }
}
