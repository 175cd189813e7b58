//! Spreadsheets of forms: what is refused, in which cell, in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use ailchin_server::pack::{Gravity, Remark, check};
use rust_xlsxwriter::Workbook;

const ZH: &str = "label::中文 (zh-Hans)";
const MN: &str = "label::ᠮᠣᠩᠭᠣᠯ (mn-Mong)";

/// A form that there is nothing to say about.
struct Form {
    survey: Vec<Vec<&'static str>>,
    choices: Vec<Vec<&'static str>>,
}

impl Form {
    fn new() -> Self {
        Self {
            survey: vec![
                vec!["type", "name", ZH, MN, "relevant", "constraint"],
                vec!["select_one yes_no", "dog", "有狗", "ᠨᠣᠬᠠᠢ", "", ""],
                vec!["integer", "dogs", "几只", "ᠬᠡᠳᠦ", "${dog} = 'yes'", ". > 0 and . < 20"],
                vec!["note", "thanks", "谢谢", "ᠪᠠᠶᠠᠷᠯᠠᠯᠠ", "", ""],
            ],
            choices: vec![
                vec!["list_name", "name", ZH, MN],
                vec!["yes_no", "yes", "是", "ᠲᠡᠢᠮᠦ"],
                vec!["yes_no", "no", "否", "ᠦᠭᠡᠢ"],
            ],
        }
    }

    /// What is said about it, once this cell of the survey says something else.
    fn with(mut self, row: usize, column: usize, text: &'static str) -> Vec<Remark> {
        self.survey[row][column] = text;
        self.remarks()
    }

    fn remarks(&self) -> Vec<Remark> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("forms")).unwrap();
        self.write(&folder.path().join("forms/dogs.xlsx"));
        check(folder.path()).unwrap()
    }

    /// The same with a column `save_to`, of which one cell says this, and a sheet of entities about this list.
    fn saving(mut self, list: &'static str, property: &'static str) -> Vec<Remark> {
        self.survey[0].push("save_to");
        self.survey[2].push(property);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("forms")).unwrap();
        let entities = vec![vec!["list_name", "label"], vec![list, "${dogs}"]];
        self.write_with(&folder.path().join("forms/dogs.xlsx"), &[("entities", &entities)]);
        check(folder.path()).unwrap()
    }

    fn write(&self, path: &Path) {
        self.write_with(path, &[]);
    }

    fn write_with(&self, path: &Path, more: &[(&str, &Vec<Vec<&'static str>>)]) {
        let settings = vec![
            vec!["form_id", "form_title", "version", "default_language"],
            vec!["dogs", "狗", "2026110101", "中文 (zh-Hans)"],
        ];
        let mut book = Workbook::new();
        for (name, rows) in
            [("survey", &self.survey), ("choices", &self.choices), ("settings", &settings)].iter().chain(more)
        {
            let sheet = book.add_worksheet().set_name(*name).unwrap();
            for (at, row) in (0..).zip(*rows) {
                for (column, text) in (0..).zip(row) {
                    sheet.write(at, column, *text).unwrap();
                }
            }
        }
        book.save(path).unwrap();
    }
}

/// Where something is refused, and what is said about it in English.
fn refused(remarks: &[Remark]) -> Vec<String> {
    let refused = remarks.iter().filter(|remark| remark.gravity == Gravity::Refused);
    refused.map(|remark| format!("{}!{}: {}", remark.sheet, remark.cell, remark.en)).collect()
}

#[test]
fn there_is_nothing_to_say_about_a_sound_form() {
    assert_eq!(Form::new().remarks(), []);
}

#[test]
fn the_forms_of_the_built_in_pack_are_sound() {
    let remarks = check(Path::new("../packs/anmulong")).unwrap();
    assert_eq!(refused(&remarks), Vec::<String>::new());
}

#[test]
fn a_text_that_is_missing_in_one_language_is_refused_in_its_cell() {
    for missing in ["", " ", "-"] {
        assert_eq!(refused(&Form::new().with(2, 3, missing)), ["survey!D3: the text in ᠮᠣᠩᠭᠣᠯ (mn-Mong) is missing"]);
    }
    let mut form = Form::new();
    form.choices[2][2] = "";
    assert_eq!(refused(&form.remarks()), ["choices!C3: the text in 中文 (zh-Hans) is missing"]);
    let said = &form.remarks()[0];
    assert_eq!((said.file.as_str(), said.zh.as_str()), ("dogs.xlsx", "缺少 中文 (zh-Hans) 的译文"));
    for row in &mut form.survey {
        row.remove(3);
    }
    form.choices[2][2] = "否";
    for row in &mut form.choices {
        row.remove(3);
    }
    assert!(refused(&form.remarks())[0].contains("the language mn-Mong is missing"));
}

#[test]
fn texts_that_would_be_damaged_or_mixed_up_are_refused() {
    assert!(refused(&Form::new().with(1, 2, "有\u{2063}狗"))[0].contains("U+2063"));
    assert!(refused(&Form::new().with(1, 3, "ᠨᠣᠬᠠᠢ\u{202f}"))[0].contains("no-break space"));
    assert!(refused(&Form::new().with(1, 3, "狗"))[0].contains("another script"));
    let long: String = "ᠨᠣᠬᠠᠢ ".repeat(30);
    let remarks = Form::new().with(3, 3, Box::leak(long.into_boxed_str()));
    assert_eq!(
        remarks.iter().map(|one| (one.gravity, one.cell.as_str())).collect::<Vec<_>>(),
        [(Gravity::Warning, "D4")]
    );
}

#[test]
fn a_question_that_is_not_there_and_a_function_that_nobody_knows_are_refused() {
    assert_eq!(refused(&Form::new().with(2, 4, "${cat} = 'yes'")), ["survey!E3: there is no question cat"]);
    assert_eq!(refused(&Form::new().with(2, 2, "几只 ${cat}")), ["survey!C3: there is no question cat"]);
    assert_eq!(
        refused(&Form::new().with(2, 5, "conjure(.) > 0")),
        ["survey!F3: the function conjure() is not supported"]
    );
    assert_eq!(
        refused(&Form::new().with(2, 5, ". > ")),
        ["survey!F3: the expression cannot be read from its 5. character on"]
    );
    assert_eq!(
        refused(&Form::new().with(1, 0, "select_one maybe")),
        ["survey!A2: there is no list maybe on the sheet choices"]
    );
    assert_eq!(refused(&Form::new().with(2, 1, "dog")), ["survey!B3: the name dog is used already in B2"]);
}

#[test]
fn what_the_engine_stumbles_over_is_refused_before_a_tablet_meets_it() {
    let said = refused(&Form::new().with(2, 4, "distance(${dog}) > 5"));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("survey!E3: while nothing is measured distance() keeps the form from opening"),
        "{said:?}"
    );
    assert_eq!(refused(&Form::new().with(2, 4, "if(${dog} = '', 0, distance(${dog})) > 5")), Vec::<String>::new());
    let mut form = Form::new();
    let columns = form.survey[0].len();
    form.survey[0].push("bind::type");
    form.survey[1].resize(columns, "");
    form.survey[1].push("int");
    assert_eq!(
        refused(&form.remarks()),
        ["survey!".to_owned()
            + &"ABCDEFGHIJ"[columns..=columns]
            + "2: the answer of a choice is a text: bind::type cannot make another type of it"]
    );
}

#[test]
fn what_must_never_be_asked_is_refused_with_the_reason_and_may_be_spoken_of_in_a_note() {
    let remarks = Form::new().with(1, 2, "户主的民族");
    assert_eq!(refused(&remarks), ["survey!C2: “民族” is not asked. ethnicity: no purpose of a visit needs it"]);
    assert_eq!(remarks[0].zh, "不得询问“民族”。民族成分：与走访目的无关，不得记录");
    for (column, asked) in [(1, "id_number"), (2, "健康状况"), (3, "ᠱᠠᠰᠢᠨ")] {
        let said = refused(&Form::new().with(1, column, asked));
        assert!(said.iter().any(|one| one.contains("is not asked")), "{asked}: {said:?}");
    }
    assert_eq!(Form::new().with(3, 2, "不记录民族和身份证号"), []);
}

#[test]
fn what_is_saved_of_records_is_among_what_such_a_record_has() {
    assert_eq!(refused(&Form::new().saving("case", "note")), Vec::<String>::new());
    assert_eq!(refused(&Form::new().saving("case", "case#grade")), Vec::<String>::new());
    assert_eq!(refused(&Form::new().saving("case", "attitude")), ["survey!G3: case has no property attitude"]);
    assert_eq!(refused(&Form::new().saving("person", "grade")), ["survey!G3: person has no property grade"]);
    assert_eq!(
        refused(&Form::new().saving("dog", "note")),
        [
            "entities!A2: there is no list dog: only household, person, case, task",
            "survey!G3: dog has no property note"
        ]
    );
}
