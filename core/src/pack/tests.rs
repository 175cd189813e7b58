use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::form::AnswerType;
use crate::form::FormRules;

const GLOSSARY: &str = include_str!("../../../packs/anmulong/glossary.csv");

fn pack_of(change: impl Fn(&mut serde_json::Value)) -> Result<Pack, PackError> {
    changed(change, |_| {})
}

/// The built-in pack with another manifest and other files.
fn changed(
    manifest: impl Fn(&mut serde_json::Value),
    files: impl Fn(&mut BTreeMap<String, Vec<u8>>),
) -> Result<Pack, PackError> {
    let all = builtin().unwrap().files.iter();
    let mut all: BTreeMap<String, Vec<u8>> = all.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
    let mut json = serde_json::from_slice(&all["pack.json"]).unwrap();
    manifest(&mut json);
    all.insert("pack.json".to_owned(), json.to_string().into_bytes());
    files(&mut all);
    Pack::read(PackFiles::new(all)?)
}

#[test]
fn the_builtin_pack_has_the_household_visit_with_its_version_and_hash() {
    let form = builtin().unwrap().form("household_visit").unwrap();
    assert_eq!(form.kind, Kind::Visit);
    assert!(!form.model.version.is_empty());
    assert_eq!(form.hash, Hash::of(form.xform.as_bytes()));
    assert!(builtin().unwrap().form("no_such_form").is_none());
}

#[test]
fn every_kind_that_says_something_about_people_has_a_purpose_and_a_retention_period() {
    let pack = builtin().unwrap();
    for kind in [Kind::Household, Kind::Person, Kind::Visit, Kind::Task, Kind::Officer] {
        let rule = pack.rule(&kind).unwrap();
        assert!(rule.retention_months.is_some_and(|months| months > 0), "{kind:?}");
        assert!(!rule.purpose["zh-Hans"].is_empty());
    }
}

#[test]
fn whoever_is_recorded_is_told_the_retention_periods_that_the_pack_keeps() {
    let pack = builtin().unwrap();
    let months = |kind: &Kind| pack.rule(kind).unwrap().retention_months.unwrap();
    let mut told = 0;
    for form in &pack.forms {
        let Some(notice) = form.model.question("notice") else { continue };
        assert_eq!(notice.answer_type, AnswerType::Note);
        let own = format!("{} 个月", months(&form.kind));
        let makes_a_case = form.xform.contains("dataset=\"case\"");
        let kept = if makes_a_case {
            format!("保存多久：本表 {own}，案件 {} 个月，到期删除。", months(&Kind::Case))
        } else {
            format!("保存多久：{own}，到期删除。")
        };
        assert!(notice.label["zh-Hans"].contains(&kept), "{}: {}", form.model.id, notice.label["zh-Hans"]);
        assert!(!notice.label["mn-Mong"].is_empty());
        told += 1;
    }
    assert!(told > 6, "{told} forms tell it");
}

#[test]
fn a_key_nobody_knows_is_refused() {
    let added =
        |place: fn(&mut serde_json::Value) -> &mut serde_json::Value| pack_of(|pack| place(pack)["score"] = 1.into());
    assert!(matches!(added(|pack| pack), Err(PackError::Manifest(_))));
    assert!(matches!(added(|pack| &mut pack["forms"][0]), Err(PackError::Manifest(_))));
    assert!(matches!(added(|pack| &mut pack["kinds"][0]), Err(PackError::Manifest(_))));
}

#[test]
fn a_form_that_is_missing_misnamed_unreadable_or_twice_is_refused() {
    let renamed = pack_of(|pack| pack["forms"][0]["id"] = "other".into());
    assert!(matches!(renamed, Err(PackError::FormMissing(id)) if id == "other"));
    let twice = pack_of(|pack| {
        let form = pack["forms"][0].clone();
        pack["forms"].as_array_mut().unwrap().push(form);
    });
    assert!(matches!(twice, Err(PackError::Twice(id)) if id == "household_visit"));
    let form = builtin().unwrap().form("household_visit").unwrap();
    let with = |xform: String| {
        changed(
            |_| {},
            move |files| drop(files.insert("forms/household_visit.xml".to_owned(), xform.clone().into_bytes())),
        )
    };
    let misnamed = with(form.xform.replace("id=\"household_visit\"", "id=\"else\""));
    assert!(matches!(misnamed, Err(PackError::FormMisnamed { found, .. }) if found == "else"));
    assert!(matches!(with("<h:html".to_owned()), Err(PackError::Form { .. })));
}

#[test]
fn a_form_becomes_a_visit_to_a_household_or_an_activity_and_nothing_else() {
    let becomes = |kind: &'static str, about: &'static str| {
        pack_of(move |pack| {
            pack["forms"][0]["kind"] = kind.into();
            pack["forms"][0]["about"] = about.into();
        })
    };
    for (kind, about) in
        [("visit", "case"), ("visit", "area"), ("household", "household"), ("case", "case"), ("task", "area")]
    {
        assert!(matches!(becomes(kind, about), Err(PackError::Becomes(_))), "{kind} {about}");
    }
    assert_eq!(becomes("activity", "area").unwrap().forms[0].about, About::Area);
    assert!(matches!(becomes("visit", "person"), Err(PackError::Manifest(_))));
    let covers = pack_of(|pack| pack["forms"][0]["covers"] = "outcome".into());
    assert!(matches!(covers, Err(PackError::Becomes(_))), "a question outside of any repeat");
}

#[test]
fn every_form_of_the_pack_can_be_checked_without_the_engine() {
    for form in &builtin().unwrap().forms {
        let rules = FormRules::parse(&form.xform).unwrap();
        assert!(rules.unsupported().is_empty(), "{}: {:?}", form.model.id, rules.unsupported());
    }
}

#[test]
fn a_kind_without_purpose_or_retention_rule_is_refused() {
    let without = pack_of(|pack| pack["kinds"].as_array_mut().unwrap().retain(|rule| rule["kind"] != "visit"));
    assert!(matches!(without, Err(PackError::KindWithoutRule(kind)) if kind == "visit"));
    let silent = pack_of(|pack| pack["kinds"][0]["purpose"]["zh-Hans"] = "".into());
    assert!(matches!(silent, Err(PackError::TextMissing(_))));
}

/// The glossary is plain: no cell has a comma or a quote, so that every spreadsheet and script reads it alike.
fn glossary() -> (Vec<&'static str>, Vec<Vec<&'static str>>) {
    assert!(!GLOSSARY.contains(['"', '\r', '\u{FEFF}', '\t']));
    let mut rows = GLOSSARY.strip_suffix('\n').unwrap().split('\n').map(|line| line.split(',').collect::<Vec<_>>());
    (rows.next().unwrap(), rows.collect())
}

#[test]
fn the_glossary_has_no_empty_cell_and_no_key_twice() {
    let (heading, rows) = glossary();
    assert_eq!(heading, ["key", "zh-Hans", "mn-Mong", "mn-Cyrl", "en", "source", "review"]);
    let mut keys = BTreeSet::new();
    for row in &rows {
        assert_eq!(row.len(), heading.len(), "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty() && cell.trim_matches(' ') == *cell), "{row:?}");
        assert!(row[0].bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{row:?}");
        assert!(["everyday", "administrative", "composed"].contains(&row[5]), "{row:?}");
        assert!(["unreviewed", "reviewed"].contains(&row[6]), "{row:?}");
        assert!(keys.insert(row[0]), "{} is there twice", row[0]);
    }
    assert!(rows.len() > 80);
}

#[test]
fn the_glossary_keeps_every_script_in_its_column() {
    let is_mongolian = |c: char| matches!(c, ' ' | '?' | '\u{1802}'..='\u{1804}' | '\u{180B}'..='\u{180F}' | '\u{1820}'..='\u{1842}' | '\u{202F}');
    let is_cyrillic = |c: char| matches!(c, ' ' | '.' | 'а'..='я' | 'ё' | 'ө' | 'ү');
    let is_han = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}' | '，');
    for row in glossary().1 {
        assert!(row[1].chars().all(is_han), "{row:?}");
        assert!(row[2].chars().all(is_mongolian), "{row:?}");
        assert!(row[3].chars().all(is_cyrillic), "{row:?}");
        assert!(row[4].is_ascii(), "{row:?}");
    }
}

#[test]
fn mongolian_suffixes_and_separated_vowels_stand_beside_a_letter() {
    let is_letter = |c: Option<&char>| c.is_some_and(|c| matches!(c, '\u{1820}'..='\u{1842}'));
    for row in glossary().1 {
        let letters: Vec<char> =
            row[2].chars().filter(|c| !matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}')).collect();
        for (at, c) in letters.iter().enumerate() {
            if matches!(c, '\u{202F}' | '\u{180E}') {
                assert!(at > 0 && is_letter(letters.get(at - 1)) && is_letter(letters.get(at + 1)), "{row:?}");
            }
        }
    }
}
