//! Latin letters, and every script that has no room of its own here.

use super::WORD_LETTERS;
use std::fmt::Write as _;

/// Latin letters that Unicode does not take apart into a base letter and a mark, as ASCII.
///
/// `γ` and `ɣ` stand here because scholarly transliteration of Mongolian writes them.
pub(super) fn spelled_in_ascii(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ı' => "i",
        'ŋ' | 'Ŋ' => "ng",
        'γ' | 'Γ' | 'ɣ' | 'Ɣ' => "g",
        _ => return None,
    })
}

/// Writes an ASCII word in lower case.
pub(super) fn fold(word: &str, out: &mut String) {
    out.extend(word.bytes().take(WORD_LETTERS).map(|letter| char::from(letter.to_ascii_lowercase())));
}

/// Writes letters of any other script as their numbers, `김` as `1100z1175z11b7z`: exact prefixes still match, and no
/// token depends on which letters SQLite's tables know.
pub(super) fn fold_other(word: &str, out: &mut String) {
    for letter in word.chars().take(WORD_LETTERS).flat_map(char::to_lowercase) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{:x}z", u32::from(letter));
    }
}
