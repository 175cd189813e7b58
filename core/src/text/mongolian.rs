//! Traditional Mongolian (Hudum): the same word however it was typed, and its Latin spellings.
//!
//! The script writes several sounds with one shape, and keyboards offer them as different letters, so the same word on
//! paper is typed in different ways. Folding keeps what can be seen and drops what can only be known:
//!
//! | typed | folds to | because |
//! |---|---|---|
//! | ᠠ ᠡ | ᠠ | one shape inside and at the end of a word |
//! | ᠣ ᠤ ᠥ ᠦ | ᠤ | one shape after the first syllable |
//! | ᠲ ᠳ | ᠲ | one shape inside a word |
//! | ᠬ ᠭ ᠺ ᠻ | ᠬ | one shape before ᠡ ᠢ ᠥ ᠦ; ᠺ and ᠻ are loans of the same sound |
//! | ᠩ | ᠨᠬ | drawn as ᠨ and ᠭ |
//! | ᠶ | ᠵ first, ᠢ elsewhere | ᠶ and ᠵ look alike at the start; ᠠᠶᠢ and ᠠᠢ are both in use |
//! | ᠱ | ᠰ | the dots are often left out before ᠢ |
//! | ᠼ ᠽ | ᠴ ᠵ | loans, read like them |
//! | ᠧ | ᠸ | one shape |
//! | a letter twice | once | as ᠩᠭ and ᠨᠭ, ᠢᠢ and ᠢ |
//!
//! Selectors, joiners and the vowel separator are dropped. Each letter folds by itself and by what stands before it, so
//! the folded beginning of a word is the beginning of the folded word.

use super::WORD_LETTERS;
use super::runs::is_mongolian_letter;

/// Writes the folded letters of one word.
pub(super) fn fold(word: &str, out: &mut String) {
    let mut last = None;
    let letters = word.chars().filter(|&c| is_mongolian_letter(c)).take(WORD_LETTERS);
    for (at, letter) in letters.enumerate() {
        let (first, second) = match letter {
            'ᠠ' | 'ᠡ' => ('ᠠ', None),
            'ᠣ' | 'ᠤ' | 'ᠥ' | 'ᠦ' => ('ᠤ', None),
            'ᠲ' | 'ᠳ' => ('ᠲ', None),
            'ᠬ' | 'ᠭ' | 'ᠺ' | 'ᠻ' => ('ᠬ', None),
            'ᠩ' => ('ᠨ', Some('ᠬ')),
            'ᠶ' if at > 0 => ('ᠢ', None),
            'ᠶ' | 'ᠽ' => ('ᠵ', None),
            'ᠱ' => ('ᠰ', None),
            'ᠼ' => ('ᠴ', None),
            'ᠧ' => ('ᠸ', None),
            other => (other, None),
        };
        for folded in std::iter::once(first).chain(second) {
            if last != Some(folded) {
                out.push(folded);
                last = Some(folded);
            }
        }
    }
}

/// How the letters of a word are spelled in Latin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latin {
    /// Scholarly, without the marks: ᠬ is q or k, ᠴ is c, ᠱ is s (qagan, ceceg).
    Scholarly,
    /// As heard in Inner Mongolia: ᠬ is h, ᠴ is ch, ᠱ and ᠰᠢ are sh (hagan, checheg).
    Heard,
    /// As heard in Mongolia: ᠬ is kh (khagan).
    HeardKh,
}

impl Latin {
    pub(super) const ALL: [Self; 3] = [Self::Scholarly, Self::Heard, Self::HeardKh];
}

/// Writes one word in Latin letters.
pub(super) fn write_latin(word: &str, latin: Latin, out: &mut String) {
    let mut letters = word.chars().filter(|&c| is_mongolian_letter(c)).take(WORD_LETTERS).peekable();
    let heard = latin != Latin::Scholarly;
    let mut before = None;
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        out.push_str(match letter {
            'ᠠ' => "a",
            'ᠡ' | 'ᠧ' => "e",
            'ᠢ' => "i",
            'ᠣ' | 'ᠥ' => "o",
            'ᠤ' | 'ᠦ' => "u",
            'ᠨ' => "n",
            'ᠩ' => "ng",
            'ᠪ' => "b",
            'ᠫ' => "p",
            'ᠬ' => match latin {
                Latin::Heard => "h",
                Latin::HeardKh => "kh",
                Latin::Scholarly if is_back(next, before) => "q",
                Latin::Scholarly => "k",
            },
            'ᠭ' => "g",
            'ᠮ' => "m",
            'ᠯ' => "l",
            'ᠰ' if heard && next == Some('ᠢ') => "sh",
            'ᠱ' if heard => "sh",
            'ᠰ' | 'ᠱ' => "s",
            'ᠲ' => "t",
            'ᠳ' => "d",
            'ᠴ' if heard => "ch",
            'ᠵ' => "j",
            'ᠶ' if heard && is_vowel(before) && next == Some('ᠢ') => "",
            'ᠶ' => "y",
            'ᠸ' => "w",
            'ᠹ' => "f",
            'ᠺ' | 'ᠻ' => "k",
            'ᠼ' if heard => "ts",
            'ᠴ' | 'ᠼ' => "c",
            'ᠽ' => "z",
            'ᠾ' => "h",
            'ᠷ' | 'ᠿ' => "r",
            'ᡀ' => "lh",
            'ᡁ' => "zh",
            'ᡂ' => "ch",
            _ => "",
        });
        before = Some(letter);
    }
}

fn is_vowel(letter: Option<char>) -> bool {
    matches!(letter, Some('ᠠ' | 'ᠡ' | 'ᠢ' | 'ᠣ' | 'ᠤ' | 'ᠥ' | 'ᠦ' | 'ᠧ'))
}

/// Whether ᠬ stands by a back vowel: the one after it decides, else the one before.
fn is_back(next: Option<char>, before: Option<char>) -> bool {
    let vowel = if is_vowel(next) { next } else { before };
    !matches!(vowel, Some('ᠡ' | 'ᠢ' | 'ᠥ' | 'ᠦ' | 'ᠧ'))
}
