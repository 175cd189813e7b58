//! How Han characters sound: joined pinyin and joined initials from every syllable of a run on.

use super::readings::{Readings, readings};
use super::runs::is_han;
use super::tokens::Tokens;

/// Syllables of one run that are sounded; a name, a gacha or a camp is shorter.
const MAX_SYLLABLES: usize = 12;
/// Ways to read one run, when several of its characters have several readings.
const MAX_COMBINATIONS: usize = 8;

/// Writes each character of a run as a token.
pub(super) fn write_characters(run: &str, tokens: &mut Tokens) {
    for character in run.chars().filter(|&c| is_han(c)) {
        tokens.push(|out| out.push(character));
    }
}

/// Writes, from every syllable on, the pinyin and (where more than one syllable is left) the initials.
///
/// The combinations of several readings are bounded from the left: the surname's readings come before those of later
/// characters. Characters without a known sound are passed over.
pub(super) fn write_sounds(run: &str, tokens: &mut Tokens) {
    let mut syllables = [Readings::NONE; MAX_SYLLABLES];
    let mut length = 0;
    let mut combinations = 1;
    let sounded = run.chars().filter(|&c| is_han(c)).take(MAX_SYLLABLES).map(readings);
    for (slot, mut syllable) in syllables.iter_mut().zip(sounded.filter(|sounds| sounds.len() > 0)) {
        syllable.keep_first(MAX_COMBINATIONS / combinations);
        combinations *= syllable.len();
        *slot = syllable;
        length += 1;
    }
    for start in 0..length {
        let rest = syllables.get(start..length).unwrap_or_default();
        combine(rest, Readings::len, |ways| {
            tokens.push(|out| rest.iter().zip(ways).for_each(|(syllable, way)| out.push_str(syllable.sound(*way))));
        });
        if rest.len() > 1 {
            combine(rest, Readings::initial_count, |ways| {
                tokens.push(|out| rest.iter().zip(ways).for_each(|(syllable, way)| out.push(syllable.initial(*way))));
            });
        }
    }
}

/// Calls `each` with every choice of one way for every syllable.
fn combine(syllables: &[Readings], ways_of: impl Fn(&Readings) -> usize, mut each: impl FnMut(&[usize])) {
    let total: usize = syllables.iter().map(&ways_of).product();
    let mut ways = [0; MAX_SYLLABLES];
    for number in 0..total {
        let mut left = number;
        for (way, syllable) in ways.iter_mut().zip(syllables) {
            let count = ways_of(syllable);
            *way = left % count;
            left /= count;
        }
        each(ways.get(..syllables.len()).unwrap_or_default());
    }
}
