//! What is looked at in a form's spreadsheet.

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::form::expression;
use ailchin_core::record::Kind;

use super::forbidden;
use super::remark::{Gravity, Remark};
use super::sheet::{self, Book, Row, Sheet};

/// The columns with texts that people read.
const TEXTS: &[&str] = &["label", "hint", "guidance_hint", "constraint_message", "required_message"];

/// The columns with expressions.
const EXPRESSIONS: &[&str] = &[
    "relevant",
    "relevance",
    "constraint",
    "calculation",
    "required",
    "read_only",
    "readonly",
    "repeat_count",
    "choice_filter",
    "trigger",
];

/// Types of rows that ask nothing and show nothing.
const SILENT: &[&str] = &[
    "start",
    "end",
    "today",
    "deviceid",
    "username",
    "phonenumber",
    "email",
    "audit",
    "calculate",
    "hidden",
    "start-geopoint",
    "background-audio",
    "csv-external",
    "xml-external",
];

/// So many letters stand in a column of Mongolian before it is long, …
const LONG_LABEL: usize = 90;
/// … and in a word, which is never broken.
const LONG_WORD: usize = 24;

struct Form<'f> {
    file: &'f str,
    remarks: Vec<Remark>,
}

/// Everything that is to be said about a form.
pub(super) fn form(file: &str, book: &Book) -> Vec<Remark> {
    let mut form = Form { file, remarks: Vec::new() };
    let mut sheets = Vec::new();
    for name in ["survey", "choices", "settings"] {
        match book.sheet(name) {
            Some(sheet) => sheets.push(sheet),
            None => form.refuse(name, "A1".to_owned(), "缺少这个工作表", "this sheet is missing"),
        }
    }
    let [survey, choices, settings] = sheets[..] else { return form.remarks };
    let languages = form.languages(&[survey, choices]);
    form.settings(settings, &languages);
    for sheet in [survey, choices] {
        form.texts(sheet, &languages);
    }
    form.names(survey, choices);
    form.expressions(survey);
    form.entities(survey, book.sheet("entities"));
    form.forbidden(survey, choices);
    form.remarks
}

impl Form<'_> {
    fn say(&mut self, gravity: Gravity, sheet: &str, cell: String, zh: impl Into<String>, en: impl Into<String>) {
        let (file, sheet) = (self.file.to_owned(), sheet.to_owned());
        self.remarks.push(Remark { gravity, file, sheet, cell, zh: zh.into(), en: en.into() });
    }

    fn refuse(&mut self, sheet: &str, cell: String, zh: impl Into<String>, en: impl Into<String>) {
        self.say(Gravity::Refused, sheet, cell, zh, en);
    }

    /// The languages of the form, in the order of its columns.
    fn languages(&mut self, sheets: &[&Sheet]) -> Vec<String> {
        let mut languages: Vec<String> = Vec::new();
        for sheet in sheets {
            for (base, language, column) in sheet.translated(TEXTS) {
                if language.is_empty() {
                    self.refuse(
                        &sheet.name,
                        sheet::cell(1, column),
                        format!("列 {base} 没有写明语言：应写成 {base}::中文 (zh-Hans)"),
                        format!("the column {base} names no language: write {base}::中文 (zh-Hans)"),
                    );
                } else if code_of(language).is_none() {
                    self.refuse(
                        &sheet.name,
                        sheet::cell(1, column),
                        format!("语言 {language} 后面缺少括号中的代码，例如 中文 (zh-Hans)"),
                        format!("the language {language} does not end in a code in brackets, like 中文 (zh-Hans)"),
                    );
                } else if !languages.iter().any(|known| known == language) {
                    languages.push(language.to_owned());
                }
            }
        }
        for code in ["zh-Hans", "mn-Mong"] {
            if !languages.iter().any(|language| code_of(language) == Some(code)) {
                self.refuse(
                    "survey",
                    "A1".to_owned(),
                    format!("缺少语言 {code}：民警和牧民看同一个屏幕"),
                    format!("the language {code} is missing: officer and herder read the same screen"),
                );
            }
        }
        languages
    }

    fn settings(&mut self, sheet: &Sheet, languages: &[String]) {
        let Some(row) = sheet.rows().next() else {
            return self.refuse("settings", "A2".to_owned(), "工作表是空的", "the sheet is empty");
        };
        for heading in ["form_id", "form_title", "version", "default_language"] {
            if row.text(heading).trim().is_empty() {
                let cell = row.cell(sheet.column(heading).unwrap_or(0));
                self.refuse("settings", cell, format!("缺少 {heading}"), format!("{heading} is missing"));
            }
        }
        let default = row.text("default_language");
        if !default.is_empty() && !languages.iter().any(|language| language == default) {
            let cell = row.cell(sheet.column("default_language").unwrap_or(0));
            self.refuse(
                "settings",
                cell,
                format!("默认语言 {default} 不是表单的语言"),
                format!("the default language {default} is not one of the form's"),
            );
        }
        if let Some(stem) = self.file.strip_suffix(".xlsx").filter(|stem| row.text("form_id").trim() != *stem) {
            let cell = row.cell(sheet.column("form_id").unwrap_or(0));
            self.refuse(
                "settings",
                cell,
                format!("form_id 应与文件名相同：{stem}"),
                format!("form_id must be the name of the file: {stem}"),
            );
        }
    }

    /// Every text in every language.
    fn texts(&mut self, sheet: &Sheet, languages: &[String]) {
        let columns = sheet.translated(TEXTS);
        let bases: BTreeSet<&str> = columns.iter().map(|(base, ..)| *base).collect();
        for base in &bases {
            for language in languages {
                if !columns.iter().any(|(known, of, _)| known == base && of == language) {
                    self.refuse(
                        &sheet.name,
                        "A1".to_owned(),
                        format!("缺少列 {base}::{language}"),
                        format!("the column {base}::{language} is missing"),
                    );
                }
            }
        }
        for row in sheet.rows() {
            for base in &bases {
                let of_base = || columns.iter().filter(|(known, ..)| known == base);
                let given = of_base().any(|(_, _, column)| !row.at(*column).trim().is_empty());
                let needed = given || (*base == "label" && shows_something(sheet, row));
                for (_, language, column) in of_base() {
                    self.text(sheet, row, *column, language, needed);
                }
            }
        }
    }

    fn text(&mut self, sheet: &Sheet, row: Row<'_>, column: usize, language: &str, needed: bool) {
        let (text, cell) = (row.at(column), row.cell(column));
        if needed && matches!(text.trim_matches([' ', '\t', '\n', '\r']), "" | "-") {
            return self.refuse(
                &sheet.name,
                cell,
                format!("缺少 {language} 的译文"),
                format!("the text in {language} is missing"),
            );
        }
        if text.contains('\u{2063}') {
            let en = "U+2063 is not allowed: it separates the languages on the screen";
            self.refuse(&sheet.name, cell.clone(), "不允许 U+2063：它在屏幕上分隔两种语言", en);
        }
        if text.starts_with(['\u{202f}', '\u{a0}']) || text.ends_with(['\u{202f}', '\u{a0}']) {
            let en = "a no-break space at the edge of a cell is lost when the form is built";
            self.refuse(&sheet.name, cell.clone(), "单元格首尾的不换行空格在生成表单时会丢失", en);
        }
        if code_of(language) == Some("mn-Mong") {
            self.mongolian(sheet, text, cell);
        }
    }

    fn mongolian(&mut self, sheet: &Sheet, text: &str, cell: String) {
        let other = |c: char| matches!(c, '\u{400}'..='\u{4ff}' | '\u{3400}'..='\u{9fff}');
        if let Some(letter) = text.chars().find(|c| other(*c)) {
            self.refuse(
                &sheet.name,
                cell.clone(),
                format!("传统蒙古文中混有其他文字：{letter}"),
                format!("a letter of another script stands in the traditional Mongolian text: {letter}"),
            );
        }
        let letters = |text: &str| text.chars().filter(|c| matches!(c, '\u{1820}'..='\u{18aa}')).count();
        let longest = text.split([' ', '\n']).map(letters).max().unwrap_or(0);
        if letters(text) > LONG_LABEL || longest > LONG_WORD {
            let count = letters(text);
            self.say(
                Gravity::Warning,
                &sheet.name,
                cell,
                format!("竖排显示偏长：共 {count} 个字母，最长的词 {longest} 个"),
                format!("long for a vertical column: {count} letters, {longest} in its longest word"),
            );
        }
    }

    /// Names are there once, lists that are named exist, each choice is in its list once.
    fn names(&mut self, survey: &Sheet, choices: &Sheet) {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        let lists: BTreeSet<&str> = choices.rows().map(|row| row.text("list_name").trim()).collect();
        for row in survey.rows() {
            let (kind, name) = (row.text("type").trim(), row.text("name").trim());
            let cell = |heading| row.cell(survey.column(heading).unwrap_or(0));
            if kind.starts_with("end ") || kind.starts_with("end_") {
                continue;
            }
            if name.is_empty() {
                self.refuse("survey", cell("name"), "缺少 name", "the name is missing");
            } else if let Some(first) = seen.insert(name, cell("name")) {
                self.refuse(
                    "survey",
                    cell("name"),
                    format!("name {name} 重复：{first} 已使用"),
                    format!("the name {name} is used already in {first}"),
                );
            }
            let mut words = kind.split_whitespace();
            let first = words.next().unwrap_or_default();
            let is_select = matches!(first, "select_one" | "select_multiple" | "rank" | "select1" | "select");
            let list = words.next().filter(|list| is_select && !list.starts_with("${"));
            if let Some(list) = list.filter(|list| !lists.contains(list)) {
                self.refuse(
                    "survey",
                    cell("type"),
                    format!("choices 中没有列表 {list}"),
                    format!("there is no list {list} on the sheet choices"),
                );
            }
        }
        let mut values: BTreeSet<(&str, &str)> = BTreeSet::new();
        for row in choices.rows() {
            let (list, name) = (row.text("list_name").trim(), row.text("name").trim());
            let cell = row.cell(choices.column("name").unwrap_or(0));
            if name.is_empty() {
                self.refuse("choices", cell, "缺少 name", "the name is missing");
            } else if name.contains(char::is_whitespace) {
                self.refuse("choices", cell, "选项的 name 不能有空格", "the name of a choice has no spaces");
            } else if !values.insert((list, name)) {
                self.refuse(
                    "choices",
                    cell,
                    format!("列表 {list} 中 {name} 重复"),
                    format!("{name} is twice in the list {list}"),
                );
            }
        }
    }

    /// Every expression can be read and evaluated, and speaks of questions that there are.
    fn expressions(&mut self, survey: &Sheet) {
        let names: BTreeSet<&str> = survey.rows().map(|row| row.text("name").trim()).collect();
        let columns: Vec<usize> = EXPRESSIONS.iter().filter_map(|heading| survey.column(heading)).collect();
        let texts = survey.translated(TEXTS);
        let bound = survey.column("bind::type");
        for row in survey.rows() {
            let asks = row.text("type").split_whitespace().next().unwrap_or_default();
            if let Some(column) =
                bound.filter(|column| asks.starts_with("select") && !row.at(*column).trim().is_empty())
            {
                self.refuse(
                    "survey",
                    row.cell(column),
                    "选择题的答案是文字，不能用 bind::type 改成别的类型",
                    "the answer of a choice is a text: bind::type cannot make another type of it",
                );
            }
            for column in columns.iter().copied().chain(texts.iter().map(|(.., column)| *column)) {
                for name in named_in(row.at(column)).into_iter().filter(|name| !names.contains(name)) {
                    self.refuse(
                        "survey",
                        row.cell(column),
                        format!("没有名为 {name} 的问题"),
                        format!("there is no question {name}"),
                    );
                }
            }
            for column in columns.iter().copied().filter(|column| !is_a_word(row.at(*column))) {
                self.expression(row, column);
            }
        }
    }

    fn expression(&mut self, row: Row<'_>, column: usize) {
        let cell = row.cell(column);
        // As long as nothing is measured, the engine cannot open a form that asks for a length.
        if row.at(column).contains("distance(") && !row.at(column).contains("if(") {
            self.refuse(
                "survey",
                cell.clone(),
                "还没有测量时 distance() 会使表单打不开：写成 if(${路线} = '', 0, distance(${路线}))",
                "while nothing is measured distance() keeps the form from opening: write if(${way} = '', 0, distance(${way}))",
            );
        }
        match expression(&without_names(row.at(column))) {
            Err(at) => self.refuse(
                "survey",
                cell,
                format!("表达式从第 {at} 个字符起无法读取"),
                format!("the expression cannot be read from its {at}. character on"),
            ),
            Ok(unknown) => {
                for name in unknown {
                    self.refuse(
                        "survey",
                        cell.clone(),
                        format!("不支持函数 {name}()"),
                        format!("the function {name}() is not supported"),
                    );
                }
            }
        }
    }

    /// What is saved of records is among what such a record has.
    fn entities(&mut self, survey: &Sheet, entities: Option<&Sheet>) {
        let mut lists: Vec<&str> = Vec::new();
        for row in entities.into_iter().flat_map(Sheet::rows) {
            for heading in ["list_name", "dataset"] {
                let Some(column) = entities.and_then(|sheet| sheet.column(heading)) else { continue };
                let list = row.at(column).trim();
                if !list.is_empty() && Kind::named(list).properties().is_empty() {
                    self.refuse(
                        "entities",
                        row.cell(column),
                        format!("没有名单 {list}：只有 household、person、case、task"),
                        format!("there is no list {list}: only household, person, case, task"),
                    );
                }
                lists.extend(Some(list).filter(|list| !list.is_empty()));
            }
        }
        let Some(column) = survey.column("save_to") else { return };
        for row in survey.rows().filter(|row| !row.at(column).trim().is_empty()) {
            let (list, property) = match row.at(column).trim().split_once('#') {
                Some((list, property)) => (vec![list], property),
                None => (lists.clone(), row.at(column).trim()),
            };
            if !list.iter().any(|list| Kind::named(list).properties().contains(&property)) {
                self.refuse(
                    "survey",
                    row.cell(column),
                    format!("{} 没有属性 {property}", list.join("、")),
                    format!("{} has no property {property}", list.join(", ")),
                );
            }
        }
    }

    /// What the records must never hold is not asked.
    fn forbidden(&mut self, survey: &Sheet, choices: &Sheet) {
        for sheet in [survey, choices] {
            let mut columns: Vec<usize> = sheet.translated(&["label"]).iter().map(|(.., column)| *column).collect();
            columns.extend(sheet.column("name"));
            for row in sheet.rows().filter(|row| shows_something(sheet, *row) && row.text("type").trim() != "note") {
                for column in &columns {
                    if let Some((concept, word)) = forbidden::asked_in(row.at(*column)) {
                        self.refuse(
                            &sheet.name,
                            row.cell(*column),
                            format!("不得询问“{word}”。{}", concept.zh),
                            format!("“{word}” is not asked. {}", concept.en),
                        );
                    }
                }
            }
        }
    }
}

/// Whether a row is a question, a note, a choice or a page.
fn shows_something(sheet: &Sheet, row: Row<'_>) -> bool {
    let kind = row.text("type").trim();
    sheet.name == "choices"
        || (!kind.is_empty()
            && !SILENT.contains(&kind)
            && !["end ", "end_", "begin ", "begin_"].iter().any(|begins| kind.starts_with(begins)))
}

/// `中文 (zh-Hans)` → `zh-Hans`.
fn code_of(language: &str) -> Option<&str> {
    let code = language.strip_suffix(')')?.rsplit_once(" (")?.1;
    let sound = code.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    sound.then_some(code)
}

/// The questions that a text speaks of: `${name}`.
fn named_in(text: &str) -> Vec<&str> {
    let parts = text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name.trim()));
    parts.map(|name| name.strip_prefix("last-saved#").unwrap_or(name)).collect()
}

/// An expression with a path wherever a question is named.
fn without_names(text: &str) -> String {
    let mut parts = text.split("${");
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').unwrap_or(("", part));
        path.push_str("/data/question");
        path.push_str(rest);
    }
    path
}

/// What spreadsheets write for yes and no, and nothing at all.
fn is_a_word(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "yes" | "no" | "true" | "false" | "true()" | "false()")
}
