//! What an officer typed, as an FTS5 expression.

use super::digits::{Digits, without_country_code};
use super::runs::{Run, Runs, Script, is_han, plain};
use super::{cyrillic, latin, mongolian};

/// Characters of a query that count.
const MAX_CHARACTERS: usize = 64;
/// Terms of a query that count.
const MAX_TERMS: usize = 8;

/// Returns the FTS5 expression that finds what was typed among [`index_tokens`](super::index_tokens), or `None` when
/// nothing in it can be searched.
///
/// A run of Han characters is a phrase; every other word and number is a prefix; all must match. Case endings of
/// Mongolian words are dropped. Only folded letters and digits reach the expression, each term in quotes, so nothing
/// typed is taken for syntax. What follows the 64th character or the 8th term is ignored.
#[must_use]
pub fn match_expression(query: &str) -> Option<String> {
    let end = query.char_indices().nth(MAX_CHARACTERS).map_or(query.len(), |(at, _)| at);
    let query = plain(query.get(..end)?);
    let mut expression = String::with_capacity(query.len() * 2 + 16);
    for run in Runs::of(&query).filter(|run| !run.ending).take(MAX_TERMS) {
        if !expression.is_empty() {
            expression.push_str(" AND ");
        }
        write_term(run, &mut expression);
    }
    (!expression.is_empty()).then_some(expression)
}

fn write_term(run: Run<'_>, out: &mut String) {
    let word = run.text;
    match run.script {
        Script::Han => {
            out.push('"');
            for (at, character) in word.chars().filter(|&c| is_han(c)).enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                out.push(character);
            }
            out.push('"');
        }
        Script::Digits => write_digits(&Digits::of(word), out),
        Script::Latin => write_prefix(out, |out| latin::fold(word, out)),
        Script::Mongolian => write_prefix(out, |out| mongolian::fold(word, out)),
        Script::Cyrillic => write_prefix(out, |out| cyrillic::fold(word, out)),
        Script::Other => write_prefix(out, |out| latin::fold_other(word, out)),
    }
}

/// Groups of digits may be one phone number or several numbers: either finds.
fn write_digits(digits: &Digits<'_>, out: &mut String) {
    let joined = digits.joined().map(Iterator::collect::<String>);
    if let Some(joined) = &joined {
        out.push('(');
        write_prefix(out, |out| out.push_str(without_country_code(joined)));
        out.push_str(" OR (");
    }
    for (at, group) in digits.groups().enumerate() {
        if at > 0 {
            out.push_str(" AND ");
        }
        write_prefix(out, |out| out.push_str(without_country_code(group)));
    }
    if joined.is_some() {
        out.push_str("))");
    }
}

fn write_prefix(out: &mut String, write: impl FnOnce(&mut String)) {
    out.push('"');
    write(out);
    out.push_str("\" *");
}
