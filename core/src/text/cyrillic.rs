//! Mongolian in Cyrillic: the same word with or without its dots, and its Latin spellings.
//!
//! Folding: lower case; ё and э as е, ө as о, ү as у, й and ы as и, ъ as ь, щ as ш. Keyboards without the Mongolian letters
//! write them that way.

use super::WORD_LETTERS;

/// Writes the folded letters of one word.
pub(super) fn fold(word: &str, out: &mut String) {
    out.extend(lower(word).map(|letter| match letter {
        'ё' | 'э' => 'е',
        'ө' => 'о',
        'ү' => 'у',
        'й' | 'ы' => 'и',
        'ъ' => 'ь',
        'щ' => 'ш',
        other => other,
    }));
}

/// Writes one word in Latin letters after MNS 5217:2012 without its marks; with `x_is_kh` false, х is h and в is w, as
/// written in Inner Mongolia.
pub(super) fn write_latin(word: &str, x_is_kh: bool, out: &mut String) {
    let mut before = None;
    for letter in lower(word) {
        out.push_str(match letter {
            'а' => "a",
            'б' => "b",
            'в' if x_is_kh => "v",
            'в' => "w",
            'г' => "g",
            'д' => "d",
            'е' if starts_syllable(before) => "ye",
            'е' | 'э' => "e",
            'ё' => "yo",
            'ж' => "j",
            'з' => "z",
            'и' | 'й' | 'ь' => "i",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' | 'ө' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' | 'ү' => "u",
            'ф' => "f",
            'х' if x_is_kh => "kh",
            'х' => "h",
            'ц' => "ts",
            'ч' => "ch",
            'ш' | 'щ' => "sh",
            'ы' => "y",
            'ю' => "yu",
            'я' => "ya",
            _ => "",
        });
        before = Some(letter);
    }
}

fn starts_syllable(before: Option<char>) -> bool {
    before.is_none_or(|letter| "аэиоуөүеёюяыьъ".contains(letter))
}

fn lower(word: &str) -> impl Iterator<Item = char> + '_ {
    word.chars().take(WORD_LETTERS).flat_map(char::to_lowercase)
}
