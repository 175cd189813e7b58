//! Numbers: phone numbers in their many spellings, and every other run of digits.

use super::tokens::Tokens;

/// Fewer digits are a number of something; more, up to [`PHONE_LONGEST`], may be a phone number written in groups.
const PHONE_SHORTEST: usize = 7;
/// `0086`, and the eleven digits of a mobile number.
const PHONE_LONGEST: usize = 15;
/// Officers remember the last four digits.
const SUFFIX_SHORTEST: usize = 4;
/// Suffixes are made of this many last digits of an overlong run.
const SUFFIX_LONGEST: usize = 24;
/// Digits of one run that count.
const RUN_LONGEST: usize = 64;

/// A run of digits with separators: its groups, and the whole when it may be one phone number.
pub(super) struct Digits<'a> {
    run: &'a str,
    count: usize,
}

impl<'a> Digits<'a> {
    pub(super) fn of(run: &'a str) -> Self {
        Self { run, count: run.bytes().filter(u8::is_ascii_digit).count() }
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let groups = self.run.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
        groups.map(|group| group.get(..RUN_LONGEST).unwrap_or(group))
    }

    /// All digits together, where the run has several groups that may be one phone number.
    pub(super) fn joined(&self) -> Option<impl Iterator<Item = char> + Clone + use<'a>> {
        let several = self.count != self.run.len();
        (several && (PHONE_SHORTEST..=PHONE_LONGEST).contains(&self.count))
            .then(|| self.run.chars().filter(char::is_ascii_digit))
    }

    /// Writes each group, the joined number, and the suffixes that the last digits find.
    pub(super) fn index(&self, tokens: &mut Tokens) {
        for group in self.groups() {
            tokens.push(|out| out.push_str(group));
            let long = group.len().min(SUFFIX_LONGEST);
            if self.joined().is_none() && group.len() >= PHONE_SHORTEST {
                for length in (SUFFIX_SHORTEST..=long).rev().filter(|&length| length < group.len()) {
                    tokens.push(|out| out.push_str(group.get(group.len() - length..).unwrap_or_default()));
                }
            }
        }
        if let Some(digits) = self.joined() {
            for skipped in 0..=self.count - SUFFIX_SHORTEST {
                tokens.push(|out| out.extend(digits.clone().skip(skipped)));
            }
        }
    }
}

/// Takes China's country code from a mobile number: it is stored with or without.
pub(super) fn without_country_code(digits: &str) -> &str {
    let national = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86"));
    national.filter(|national| national.len() == 11).unwrap_or(digits)
}
