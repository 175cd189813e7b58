//! Names for generated people and places, in Chinese and in both Mongolian scripts.
//!
//! No real person and no real village is meant: given names are everyday ones, places are common place words put together.
//! The Mongolian columns have not been read by a Mongolian reader yet (`review` in the files says so). Han-style names
//! have no Mongolian form here: there is no transcription that everybody agrees on.

use std::sync::LazyLock;

/// One name in three scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Chinese, simplified.
    pub zh: &'static str,
    /// Mongolian in the traditional script; byte-exact, with vowel separators and narrow no-break spaces.
    pub mong: &'static str,
    /// Mongolian in Cyrillic.
    pub cyrl: &'static str,
}

/// A generated person's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName {
    /// Chinese, simplified.
    pub zh: String,
    /// In the traditional script and in Cyrillic, where the name is Mongolian.
    pub mongolian: Option<Name>,
}

macro_rules! names {
    ($($(#[$doc:meta])* $list:ident from $file:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $list() -> &'static [Name] {
            static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| parse(include_str!($file)));
            &NAMES
        }
    )*};
}

names! {
    /// Mongolian given names, as herders bear them: alone, without a surname.
    herders from "herders.tsv";
    /// Gacha, with the word gacha.
    gacha from "gacha.tsv";
    /// The invented league, banner and sumu, in this order.
    upper_areas from "upper_areas.tsv";
    /// The invented station, one name.
    station from "station.tsv";
    /// Winter camps.
    winter_camps from "winter_camps.tsv";
    /// Summer camps.
    summer_camps from "summer_camps.tsv";
}

/// Surnames written with one Han character.
#[must_use]
pub fn surnames() -> &'static [&'static str] {
    static SURNAMES: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("han_surnames.txt").lines().collect());
    &SURNAMES
}

/// Given names that follow a surname.
#[must_use]
pub fn han_given() -> &'static [&'static str] {
    static GIVEN: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("han_given.txt").lines().collect());
    &GIVEN
}

/// Makes up a person's name: of five, four have a single Mongolian given name and one a surname with a given name.
///
/// `choose` answers with a number below the one it is given; the same answers make the same name.
pub fn person(mut choose: impl FnMut(usize) -> usize) -> PersonName {
    if choose(5) == 0 {
        let surname = pick(surnames(), &mut choose).unwrap_or_default();
        let given = pick(han_given(), &mut choose).unwrap_or_default();
        return PersonName { zh: [surname, given].concat(), mongolian: None };
    }
    let mongolian = pick(herders(), &mut choose);
    PersonName { zh: mongolian.map(|name| name.zh.to_owned()).unwrap_or_default(), mongolian }
}

fn pick<T: Copy>(list: &[T], choose: &mut impl FnMut(usize) -> usize) -> Option<T> {
    list.get(choose(list.len())).copied()
}

/// Reads `zh-Hans`, `mn-Mong`, `mn-Cyrl` and `review`, separated by tabs, below a line of headings.
fn parse(table: &'static str) -> Vec<Name> {
    let rows = table.lines().skip(1);
    let names = rows.filter_map(|row| {
        let mut columns = row.split('\t');
        Some(Name { zh: columns.next()?, mong: columns.next()?, cyrl: columns.next()? })
    });
    names.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn all_lists() -> [&'static [Name]; 6] {
        [herders(), gacha(), upper_areas(), station(), winter_camps(), summer_camps()]
    }

    #[test]
    fn every_list_is_long_enough_for_a_banner() {
        assert!(herders().len() >= 60);
        assert!(gacha().len() >= 24);
        assert!(winter_camps().len() >= 20 && summer_camps().len() >= 20);
        assert!(surnames().len() >= 25 && han_given().len() >= 60);
        assert_eq!((upper_areas().len(), station().len()), (3, 1));
    }

    #[test]
    fn every_row_has_every_column_and_says_whether_it_was_reviewed() {
        for table in [
            include_str!("herders.tsv"),
            include_str!("gacha.tsv"),
            include_str!("upper_areas.tsv"),
            include_str!("station.tsv"),
            include_str!("winter_camps.tsv"),
            include_str!("summer_camps.tsv"),
        ] {
            assert_eq!(table.lines().next(), Some("zh-Hans\tmn-Mong\tmn-Cyrl\treview"));
            for row in table.lines().skip(1) {
                let columns: Vec<_> = row.split('\t').collect();
                assert!(columns.len() == 4 && columns.iter().all(|column| !column.is_empty()), "{row}");
                assert!(matches!(columns.last(), Some(&"reviewed" | &"unreviewed")), "{row}");
            }
        }
    }

    #[test]
    fn no_name_stands_twice_in_a_list() {
        for list in all_lists() {
            for column in [|name: &Name| name.zh, |name: &Name| name.mong, |name: &Name| name.cyrl] {
                let different: HashSet<_> = list.iter().map(column).collect();
                assert_eq!(different.len(), list.len());
            }
        }
        for list in [surnames(), han_given()] {
            assert_eq!(list.iter().collect::<HashSet<_>>().len(), list.len());
        }
    }

    #[test]
    fn every_column_is_in_its_own_script() {
        let han = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}');
        for name in all_lists().concat() {
            assert!(name.zh.chars().all(han), "{name:?}");
            let traditional = |c| matches!(c, ' ' | '\u{202F}' | '\u{180B}'..='\u{180F}' | '\u{1820}'..='\u{1842}');
            assert!(name.mong.chars().all(traditional), "{name:?}");
            let cyrillic = |c| matches!(c, ' ' | 'А'..='я' | 'ё' | 'Ё' | 'ө' | 'Ө' | 'ү' | 'Ү');
            assert!(name.cyrl.chars().all(cyrillic), "{name:?}");
        }
        assert!(surnames().iter().chain(han_given()).all(|name| !name.is_empty() && name.chars().all(han)));
    }

    #[test]
    fn a_vowel_separator_stands_between_a_consonant_and_a_last_vowel() {
        for name in all_lists().concat() {
            for word in name.mong.split([' ', '\u{202F}']) {
                assert!(!word.is_empty(), "{name:?}");
                if let Some((stem, last)) = word.split_once('\u{180E}') {
                    assert!(!stem.is_empty() && matches!(last, "ᠠ" | "ᠡ"), "{name:?}");
                }
            }
        }
    }

    #[test]
    fn the_same_choices_make_the_same_name_and_one_in_five_is_han_style() {
        let names = || -> Vec<PersonName> {
            let drawn_from = |seed: usize| {
                let mut drawn = seed * 31;
                person(|below| {
                    drawn += 7;
                    drawn % below
                })
            };
            (0..500).map(drawn_from).collect()
        };
        let first = names();
        assert_eq!(first, names());
        assert_eq!(first.iter().filter(|name| name.mongolian.is_none()).count(), 100);
        assert!(first.iter().all(|name| name.zh.chars().count() >= 2));
    }
}
