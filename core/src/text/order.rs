//! In which order names stand in a list.

use super::readings::write_toned;
use super::runs::{Runs, Script, is_han, plain};
use super::{cyrillic, digits::Digits, latin, mongolian};

/// Returns the key by which a text is ordered, compared bytewise.
///
/// Han characters go by pinyin, then tone, then the character itself, so that one surname stays together (`ba1巴te4特`).
/// Numbers go by size (camp 2 before camp 10); other scripts by their folded letters, after Latin and pinyin.
#[must_use]
pub fn sort_key(text: &str) -> String {
    let text = plain(text);
    let mut key = String::with_capacity(text.len() * 3);
    for run in Runs::of(&text) {
        if !key.is_empty() {
            key.push(' ');
        }
        match run.script {
            Script::Han => {
                for character in run.text.chars().filter(|&c| is_han(c)) {
                    write_toned(character, &mut key);
                    key.push(character);
                }
            }
            Script::Latin => latin::fold(run.text, &mut key),
            Script::Digits => write_numbers(&Digits::of(run.text), &mut key),
            Script::Mongolian => mongolian::fold(run.text, &mut key),
            Script::Cyrillic => cyrillic::fold(run.text, &mut key),
            Script::Other => key.push_str(run.text),
        }
    }
    key
}

/// Each number behind the count of its digits, so that a longer number is a greater one.
fn write_numbers(digits: &Digits<'_>, key: &mut String) {
    for (at, group) in digits.groups().enumerate() {
        if at > 0 {
            key.push(' ');
        }
        let number = group.trim_start_matches('0');
        key.extend(u32::try_from(number.len()).ok().and_then(|length| char::from_digit(length.min(9), 10)));
        key.push_str(number);
    }
}
