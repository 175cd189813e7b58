//! Cuts a text into runs of one script. Knows which characters belong together, not what they mean.

use super::latin;
use std::borrow::Cow;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// The scripts that are folded each in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Han,
    /// ASCII letters only: [`plain`] has removed the marks.
    Latin,
    /// ASCII digits, with single separators as they stand in a phone number.
    Digits,
    /// Traditional Mongolian (Hudum) with its variation selectors and vowel separators.
    Mongolian,
    Cyrillic,
    Other,
}

/// Neighbouring characters of one script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run<'a> {
    pub(super) script: Script,
    pub(super) text: &'a str,
    /// A Mongolian case ending: it follows a Mongolian word after a narrow no-break space.
    pub(super) ending: bool,
}

const NARROW_NO_BREAK_SPACE: char = '\u{202F}';

/// The assigned blocks of unified Han characters, and 〇.
pub(super) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{3007}'
        | '\u{20000}'..='\u{2A6DF}' | '\u{2A700}'..='\u{2B739}' | '\u{2B740}'..='\u{2B81D}'
        | '\u{2B820}'..='\u{2CEA1}' | '\u{2CEB0}'..='\u{2EBE0}' | '\u{2EBF0}'..='\u{2EE5D}'
        | '\u{30000}'..='\u{3134A}' | '\u{31350}'..='\u{323AF}')
}

pub(super) fn is_mongolian_letter(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{1842}')
}

/// Free variation selectors and the vowel separator: they choose a shape, not a letter.
fn is_mongolian_selector(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180F}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{0400}'..='\u{0481}' | '\u{048A}'..='\u{04FF}')
}

/// Dots between the parts of a name written in Han characters, as in 阿拉坦·其其格.
fn is_name_dot(c: char) -> bool {
    matches!(c, '\u{00B7}' | '\u{2022}' | '\u{2027}' | '\u{30FB}')
}

fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn is_plain(c: char) -> bool {
    c.is_ascii()
        || is_han(c)
        || is_mongolian_letter(c)
        || is_mongolian_selector(c)
        || is_cyrillic(c)
        || is_name_dot(c)
        || c == NARROW_NO_BREAK_SPACE
}

/// Replaces compatibility forms (full width, circled …) and letters with marks by their plain letters; copies only when
/// there is something to replace.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else if let digit @ '\u{1810}'..='\u{1819}' = c {
            out.extend(char::from_digit(u32::from(digit) - 0x1810, 10));
        } else if !is_ignorable(c) {
            decompose_compatible(c, |part| match latin::spelled_in_ascii(part) {
                Some(letters) => out.push_str(letters),
                None if is_combining_mark(part) => {}
                None => out.push(part),
            });
        }
    }
    Cow::Owned(out)
}

fn script(c: char) -> Option<Script> {
    Some(match c {
        'a'..='z' | 'A'..='Z' => Script::Latin,
        '0'..='9' => Script::Digits,
        _ if c.is_ascii() => return None,
        _ if is_han(c) => Script::Han,
        _ if is_mongolian_letter(c) => Script::Mongolian,
        _ if is_cyrillic(c) => Script::Cyrillic,
        _ if c.is_alphanumeric() => Script::Other,
        _ => return None,
    })
}

/// The runs of a text that went through [`plain`].
pub(super) struct Runs<'a> {
    rest: &'a str,
    after_mongolian: bool,
}

impl<'a> Runs<'a> {
    pub(super) fn of(plain: &'a str) -> Self {
        Self { rest: plain, after_mongolian: false }
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    fn next(&mut self) -> Option<Run<'a>> {
        let mut gap_is_narrow = true;
        let mut gap = 0;
        let (at, script) = self.rest.char_indices().find_map(|(at, c)| {
            let found = script(c);
            if found.is_none() {
                gap += 1;
                gap_is_narrow &= c == NARROW_NO_BREAK_SPACE;
            }
            found.map(|found| (at, found))
        })?;
        let from_start = self.rest.get(at..)?;
        let (text, rest) = from_start.split_at(run_length(script, from_start));
        let mongolian = script == Script::Mongolian;
        let ending = mongolian && self.after_mongolian && gap == 1 && gap_is_narrow;
        self.rest = rest;
        self.after_mongolian = mongolian;
        Some(Run { script, text, ending })
    }
}

/// The bytes of the run of `this` script at the start of `text`.
fn run_length(this: Script, text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if script(c) == Some(this) {
            end = next;
            continue;
        }
        let bridged = match this {
            Script::Han => is_name_dot(c),
            Script::Mongolian => is_mongolian_selector(c),
            // At most two separators, as in "(0477) 1234567".
            Script::Digits => matches!(c, ' ' | '-' | '.' | '(' | ')') && next - end <= 2,
            _ => false,
        };
        if !bridged {
            break;
        }
    }
    end
}
