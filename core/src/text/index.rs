//! What is stored for a text so that it can be found.

use super::digits::Digits;
use super::runs::{Run, Runs, Script, plain};
use super::tokens::Tokens;
use super::{cyrillic, han, latin, mongolian};

/// Returns the search tokens of one text (a name, a phone number, a camp's name), separated by single spaces.
///
/// - Han: each character, in order; after all other tokens, from every syllable of a run on, the joined pinyin without
///   tones (`ü` as `v` and also as `u`) and the joined initials. A run is sounded for 12 syllables at most, in 8
///   combinations of readings at most. A dot between the parts of a name does not end a run.
/// - Latin: words in lower case without marks. Digits: every run; from 7 digits on, with single separators or none,
///   also every suffix of 4 and more.
/// - Mongolian: the folded word and up to three Latin spellings; case endings after a narrow no-break space folded only.
/// - Cyrillic: the folded word and up to two Latin spellings.
/// - Any other letters: their numbers.
///
/// Texts that belong to one record are joined by a space.
#[must_use]
pub fn index_tokens(text: &str) -> String {
    let text = plain(text);
    let mut tokens = Tokens::with_capacity(text.len() * 4);
    let mut has_han = false;
    for run in Runs::of(&text) {
        has_han |= run.script == Script::Han;
        write_run(run, &mut tokens);
    }
    if has_han {
        // Last, so that characters of neighbouring runs stay neighbours for a phrase.
        for run in Runs::of(&text).filter(|run| run.script == Script::Han) {
            han::write_sounds(run.text, &mut tokens);
        }
    }
    tokens.into_string()
}

fn write_run(run: Run<'_>, tokens: &mut Tokens) {
    let word = run.text;
    match run.script {
        Script::Han => han::write_characters(word, tokens),
        Script::Latin => tokens.push(|out| latin::fold(word, out)),
        Script::Digits => Digits::of(word).index(tokens),
        Script::Mongolian => {
            tokens.push(|out| mongolian::fold(word, out));
            let mark = tokens.mark();
            for spelling in mongolian::Latin::ALL.into_iter().filter(|_| !run.ending) {
                tokens.push_new(mark, |out| mongolian::write_latin(word, spelling, out));
            }
        }
        Script::Cyrillic => {
            tokens.push(|out| cyrillic::fold(word, out));
            let mark = tokens.mark();
            for x_is_kh in [true, false] {
                tokens.push_new(mark, |out| cyrillic::write_latin(word, x_is_kh, out));
            }
        }
        Script::Other => tokens.push(|out| latin::fold_other(word, out)),
    }
}
