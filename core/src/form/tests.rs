//! Submissions of the built-in visit form as data, and documents that nobody should have sent.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::{Value, json};

use super::*;
use crate::error::Code;
use crate::time::Instant;

const STARTED: Instant = Instant::from_ms(1_795_305_600_000);
const ENDED: Instant = Instant::from_ms(1_795_306_500_000);
const ID: &str = "uuid:0195f1c2-7b1a-7000-8000-000000000001";

fn visit_form() -> &'static FormModel {
    &crate::pack::builtin().unwrap().form("household_visit").unwrap().model
}

fn xform() -> &'static str {
    &crate::pack::builtin().unwrap().form("household_visit").unwrap().xform
}

fn answers(json: Value) -> Answers {
    serde_json::from_value(json).unwrap()
}

fn filled(json: Value) -> Result<String, FormError> {
    visit_form().fill(&answers(json), ID, STARTED, ENDED)
}

fn whole_visit() -> Value {
    json!({
        "outcome": "visited", "present_count": 4, "purpose": "visit", "topics": ["fraud", "fire"],
        "fraud_app": "installed_now", "opinions": "草场 < 围栏 & \"井\"", "hazards": ["smoke"], "hazard_note": "炉子\n旧了",
        "follow_up": "yes", "follow_up_by": "2026-12-01", "follow_up_note": "带上宣传册", "photo": "p 1.jpg",
        "position": {"lat": 39.1, "lon": 107.98, "altitude_m": 1320.5, "accuracy_m": 6.0},
        "signed": "yes", "signature": "s.png",
    })
}

/// A submission as the form engine writes it, with `inside` in place of the answers.
fn submission(inside: &str) -> String {
    let version = &visit_form().version;
    format!(
        "<data id=\"household_visit\" version=\"{version}\"><started>2026-11-23T00:14:01.9+00:00</started>\
         {inside}<meta><instanceID>{ID}</instanceID></meta></data>"
    )
}

fn value_of(name: &str, xml_inside: &str) -> Result<Value, FormError> {
    let read = visit_form().read(&submission(xml_inside))?;
    Ok(read.answers.get(name).cloned().unwrap_or(Value::Null))
}

#[test]
fn the_visit_form_asks_what_the_data_contract_names() {
    let form = visit_form();
    let names: Vec<&str> = form.questions.iter().map(|question| question.name.as_str()).collect();
    let contract = [
        "outcome",
        "notice",
        "present_count",
        "purpose",
        "topics",
        "fraud_app",
        "opinions",
        "hazards",
        "hazard_note",
        "follow_up",
        "follow_up_by",
        "follow_up_note",
        "photo",
        "position",
        "signed",
        "signature",
    ];
    assert_eq!(names, contract);
    let types = |name: &str| form.question(name).unwrap().answer_type;
    assert_eq!(types("present_count"), AnswerType::Integer);
    assert_eq!(types("topics"), AnswerType::SelectMany);
    assert_eq!(types("follow_up_by"), AnswerType::Date);
    assert_eq!(types("position"), AnswerType::Geopoint);
    assert_eq!(types("signature"), AnswerType::Attachment);
    assert_eq!(form.question("signature").unwrap().appearance, "signature");
}

#[test]
fn every_question_and_choice_of_the_visit_form_speaks_both_languages() {
    let form = visit_form();
    assert_eq!(form.languages, ["zh-Hans", "mn-Mong"]);
    let both = |texts: &Texts| form.languages.iter().all(|language| texts.get(language).is_some_and(|t| !t.is_empty()));
    for question in &form.questions {
        assert!(both(&question.label), "{}", question.name);
        assert!(question.hint.is_empty() || both(&question.hint), "{}", question.name);
        assert!(question.choices.iter().all(|choice| both(&choice.label)), "{}", question.name);
    }
    let app: Vec<&str> =
        form.question("fraud_app").unwrap().choices.iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(app, ["yes", "installed_now", "no", "declined"]);
}

#[test]
fn a_declined_visit_is_never_asked_anything_more() {
    let condition = "/data/arrival/outcome  = 'visited'";
    for question in visit_form().questions.iter().filter(|question| question.name != "outcome") {
        assert_eq!(question.relevant.first().map(String::as_str), Some(condition), "{}", question.name);
    }
    let read = visit_form().read(&filled(json!({"outcome": "declined"})).unwrap()).unwrap();
    assert_eq!(read.answers, answers(json!({"outcome": "declined"})));
}

#[test]
fn a_whole_visit_survives_xml() {
    let read = visit_form().read(&filled(whole_visit()).unwrap()).unwrap();
    assert_eq!(read.answers, answers(whole_visit()));
    assert_eq!((read.form_id.as_str(), read.instance_id.as_str()), ("household_visit", ID));
    assert_eq!(read.started, Some(STARTED.to_iso()));
    assert_eq!(read.ended, Some(ENDED.to_iso()));
    assert_eq!(read.deprecated_id, None);
}

#[test]
fn a_submission_of_the_form_engine_is_read() {
    let read = visit_form().read(&submission(
        "<ended>2026-11-23T00:20:00.000+00:00</ended><arrival><outcome>visited</outcome><notice/>\
         <present_count>4</present_count></arrival><talk><topics>fraud fire</topics></talk>\
         <proof><photo>p 1.jpg</photo><position>38.5 107.25 0.0 12.5</position></proof>",
    ));
    let expected = json!({
        "outcome": "visited", "present_count": 4, "topics": ["fraud", "fire"], "photo": "p 1.jpg",
        "position": {"lat": 38.5, "lon": 107.25, "altitude_m": 0.0, "accuracy_m": 12.5},
    });
    let read = read.unwrap();
    assert_eq!(read.answers, answers(expected));
    assert_eq!(read.started.as_deref(), Some("2026-11-23T00:14:01.9+00:00"));
}

#[test]
fn mongolian_separators_and_spaces_arrive_byte_for_byte() {
    for text in
        ["ᠭᠠᠷ\u{202F}ᠤᠨ ᠨᠡᠷ\u{180E}ᠡ ᠳ\u{180B}ᠦᠩ", "\u{202F}ᠤᠨ\u{202F}", "  两边有空格  ", "\t行\r\n行\r", "]]>&amp;"]
    {
        let xml = filled(json!({"outcome": "visited", "opinions": text})).unwrap();
        assert_eq!(visit_form().read(&xml).unwrap().answers["opinions"], text);
    }
}

#[test]
fn a_comment_or_cdata_inside_a_text_does_not_cut_it() {
    let heard = "<heard><opinions>一<!-- x -->二<![CDATA[<三>]]></opinions></heard>";
    assert_eq!(value_of("opinions", heard).unwrap(), "一二<三>");
}

#[test]
fn a_submission_of_another_form_or_version_is_refused() {
    let whole = filled(whole_visit()).unwrap();
    let other = whole.replace("id=\"household_visit\"", "id=\"patrol\"");
    assert!(matches!(visit_form().read(&other), Err(FormError::OtherForm { found, .. }) if found == "patrol"));
    let later = whole.replace(&visit_form().version, "2099");
    assert!(matches!(visit_form().read(&later), Err(FormError::OtherVersion { found, .. }) if found == "2099"));
}

#[test]
fn a_submission_without_an_instance_id_is_refused() {
    for id in ["", " ", "a b", &"x".repeat(500)] {
        let without = submission("").replace(ID, id);
        assert_eq!(visit_form().read(&without), Err(FormError::NoInstanceId), "{id:?}");
        let filled = visit_form().fill(&answers(json!({"outcome": "declined"})), id, STARTED, ENDED);
        assert_eq!(filled, Err(FormError::NoInstanceId), "{id:?}");
    }
    assert_eq!(
        visit_form().read("<data id=\"household_visit\" version=\"2026112201\"/>").unwrap_err().code(),
        Code::FormUnreadable
    );
}

#[test]
fn a_node_the_form_has_not_is_refused_and_named() {
    let refused = |inside: &str| visit_form().read(&submission(inside)).unwrap_err();
    let unknown = |path: &str| FormError::UnknownName(path.to_owned());
    assert_eq!(refused("<score>1</score>"), unknown("/data/score"));
    assert_eq!(refused("<talk><score>1</score></talk>"), unknown("/data/talk/score"));
    assert_eq!(refused("<heard><opinions><b>1</b></opinions></heard>"), unknown("/data/heard/opinions/b"));
}

#[test]
fn a_node_twice_or_text_between_nodes_is_refused() {
    for inside in ["<talk/><talk/>", "<talk>text</talk>", "<talk><topics/><topics/></talk>", "text"] {
        assert!(matches!(visit_form().read(&submission(inside)), Err(FormError::Misplaced(_))), "{inside}");
    }
    assert_eq!(value_of("topics", "<talk>\n  <topics/>\n</talk>").unwrap(), Value::Null);
}

#[test]
fn a_value_of_another_type_is_refused_when_read() {
    for inside in [
        "<arrival><present_count>four</present_count></arrival>",
        "<arrival><present_count>4.5</present_count></arrival>",
        "<arrival><present_count>99999999999999999999</present_count></arrival>",
        "<next><follow_up_by>2026-2-1</follow_up_by></next>",
        "<next><follow_up_by>2026-02-30</follow_up_by></next>",
        "<next><follow_up_by>tomorrow</follow_up_by></next>",
        "<proof><position>91 0</position></proof>",
        "<proof><position>1 2 3 4 5</position></proof>",
        "<proof><position>NaN 2</position></proof>",
        "<proof><position>1</position></proof>",
        "<proof><photo>../../etc/passwd</photo></proof>",
        "<proof><photo>..</photo></proof>",
    ] {
        let refused = visit_form().read(&submission(inside)).unwrap_err();
        assert!(matches!(refused, FormError::WrongValue { .. }), "{inside}: {refused:?}");
        assert_eq!(refused.code(), Code::FieldWrong);
    }
    let started = submission("").replace("2026-11-23T00:14:01.9+00:00", "this morning");
    assert!(matches!(visit_form().read(&started), Err(FormError::WrongValue { .. })));
}

#[test]
fn an_answer_that_is_not_the_forms_is_refused_when_filled() {
    let refused = |name: &str, value: Value| {
        let mut visit = whole_visit();
        visit[name] = value;
        filled(visit).unwrap_err()
    };
    for (name, value) in [
        ("present_count", json!("4")),
        ("present_count", json!(4.5)),
        ("present_count", json!(true)),
        ("follow_up_by", json!("1.12.2026")),
        ("opinions", json!(7)),
        ("topics", json!("fraud")),
        ("topics", json!(["fraud", "fraud"])),
        ("position", json!({"lat": 39.1})),
        ("position", json!({"lat": 0.0, "lon": 0.0})),
        ("position", json!({"lat": 99.0, "lon": 1.0})),
        ("position", json!({"lat": 39.1, "lon": 107.0, "owner": 1})),
        ("photo", json!("/etc/passwd")),
        ("notice", json!("read")),
    ] {
        let error = refused(name, value.clone());
        assert!(
            matches!(&error, FormError::WrongValue { name: wrong, .. } if wrong == name),
            "{name} {value}: {error:?}"
        );
    }
    let not_a_choice = |name: &str, choice: &str| FormError::NotAChoice { name: name.into(), choice: choice.into() };
    assert_eq!(refused("outcome", json!("angry")), not_a_choice("outcome", "angry"));
    assert_eq!(refused("topics", json!(["fraud", "weather"])), not_a_choice("topics", "weather"));
    assert_eq!(refused("attitude", json!("good")), FormError::UnknownName("attitude".into()));
    assert_eq!(refused("opinions", json!("\u{0}")), FormError::NotACharacter("opinions".into()));
    assert_eq!(refused("outcome", Value::Null), FormError::Unanswered("outcome".into()));
    assert_eq!(refused("topics", json!(["weather"])).question(), Some("topics"));
    assert_eq!(FormError::NoInstanceId.question(), None);
}

#[test]
fn a_question_required_only_under_a_condition_may_be_left_to_the_form_engine() {
    assert!(visit_form().question("outcome").unwrap().is_always_required());
    assert!(!visit_form().question("purpose").unwrap().is_always_required());
    assert!(filled(json!({"outcome": "visited", "topics": [], "opinions": "", "photo": null})).is_ok());
}

#[test]
fn a_position_may_lack_altitude_and_accuracy() {
    for (position, text) in [
        (json!({"lat": 39.1, "lon": -107.0}), "39.1 -107"),
        (json!({"lat": 39.1, "lon": 107.5, "altitude_m": -2.5}), "39.1 107.5 -2.5"),
        (json!({"lat": 39.1, "lon": 107.5, "accuracy_m": 3.0}), "39.1 107.5 0 3"),
    ] {
        let xml = filled(json!({"outcome": "visited", "position": position})).unwrap();
        assert!(xml.contains(&format!("<position>{text}</position>")), "{xml}");
    }
}

#[test]
fn a_document_too_large_too_deep_or_with_a_dtd_is_refused() {
    let long = submission(&format!("<heard><opinions>{}</opinions></heard>", "x".repeat(MAX_SUBMISSION_BYTES)));
    assert!(matches!(visit_form().read(&long), Err(FormError::TooLarge { .. })));
    let long = filled(json!({"outcome": "visited", "opinions": "&".repeat(MAX_SUBMISSION_BYTES / 4)}));
    assert_eq!(long.unwrap_err().code(), Code::TooLarge);
    let many = submission(&"<x/>".repeat(MAX_SUBMISSION_NODES as usize + 1));
    assert!(matches!(visit_form().read(&many), Err(FormError::NotXml(roxmltree::Error::NodesLimitReached))));
    let deep = submission(&("<talk>".repeat(2_000) + &"</talk>".repeat(2_000)));
    assert!(matches!(visit_form().read(&deep), Err(FormError::UnknownName(_))));
    let dtd = format!("<!DOCTYPE data [<!ENTITY a \"aaaa\">]>{}", submission(""));
    assert!(matches!(visit_form().read(&dtd), Err(FormError::NotXml(_))));
}

#[test]
fn a_form_nested_too_deeply_is_refused() {
    let nested = |depth: usize| {
        let nodes = "<a>".repeat(depth) + &"</a>".repeat(depth);
        xform().replace("<started/>", &format!("<started/>{nodes}"))
    };
    assert!(FormModel::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(matches!(FormModel::parse(&nested(MAX_DEPTH + 1)), Err(FormError::TooDeep(_))));
    assert!(matches!(FormModel::parse(&nested(100_000)), Err(FormError::TooDeep(_))));
}

#[test]
fn a_form_with_a_name_twice_is_refused() {
    let twice = xform().replace("<purpose/>", "<topics/>");
    assert_eq!(FormModel::parse(&twice).unwrap_err(), FormError::NameTwice("topics".into()));
    assert_eq!(FormModel::parse("<html/>").unwrap_err(), FormError::FormLacks("head"));
}

/// A form with the question types that the visit form has not.
fn survey_form() -> FormModel {
    let types = ["decimal", "time", "dateTime", "geotrace", "geoshape", "barcode"];
    let nodes: String = types.iter().map(|name| format!("<q_{name}/>")).collect();
    let binds: String = types.iter().map(|name| format!("<bind nodeset=\"/s/q_{name}\" type=\"{name}\"/>")).collect();
    FormModel::parse(&format!(
        "<html><head><title>s</title><model><instance><s id=\"s\">{nodes}<one/><far/><sum/><kept>7</kept></s></instance>\
         <instance id=\"far\" src=\"jr://file-csv/far.csv\"/>{binds}<bind nodeset=\"/s/kept\" type=\"int\"/>\
         <bind nodeset=\"/s/sum\" type=\"int\" calculate=\"1\" readonly=\"true()\"/></model></head><body>\
         <select1 ref=\"/s/one\"><label>One?</label><item><label>A</label><value>a</value></item></select1>\
         <select1 ref=\"/s/far\"><itemset nodeset=\"instance('far')/root/item[x=1]\"><value ref=\"name\"/></itemset></select1>\
         <input ref=\"/s/sum\"/></body></html>"
    ))
    .unwrap()
}

#[test]
fn choices_written_into_the_question_and_choices_of_a_file_are_told_apart() {
    let form = survey_form();
    let fill = |json: Value| form.fill(&answers(json), ID, STARTED, ENDED);
    assert_eq!(form.question("one").unwrap().label[""], "One?");
    assert!(matches!(fill(json!({"one": "b"})), Err(FormError::NotAChoice { .. })));
    let read = form.read(&fill(json!({"one": "a", "far": "anything", "sum": 3})).unwrap()).unwrap();
    assert_eq!(read.answers, answers(json!({"one": "a", "far": "anything", "sum": 3, "kept": 7})));
}

#[test]
fn times_and_lines_are_read_and_written() {
    let form = survey_form();
    let line = json!([{"lat": 39.1, "lon": 107.5}, {"lat": 39.2, "lon": 107.6, "altitude_m": 1.0, "accuracy_m": 2.0}]);
    let all = json!({
        "q_decimal": 2.25, "q_time": "07:00:00.000+08:00", "q_dateTime": "2026-11-22T07:00:00.000+08:00",
        "q_geotrace": line, "q_geoshape": line, "q_barcode": "690", "kept": 8,
    });
    let xml = form.fill(&answers(all.clone()), ID, STARTED, ENDED).unwrap();
    assert_eq!(form.read(&xml).unwrap().answers, answers(all));
    for (name, text) in [("q_time", "25:00"), ("q_time", "7"), ("q_dateTime", "2026-11-22"), ("q_time", "07:00+8")] {
        let refused = form.fill(&answers(json!({ name: text })), ID, STARTED, ENDED);
        assert!(matches!(refused, Err(FormError::WrongValue { .. })), "{name} {text}");
    }
}

/// Text as officers and hostile senders type it: any character XML carries, those that are easily lost more often.
fn any_text() -> impl Strategy<Value = String> {
    let lossy =
        prop::sample::select(vec!['\u{202F}', '\u{180E}', '\u{180B}', '\r', '\n', ' ', '<', '&', ']', '\u{2063}']);
    let letter = prop_oneof![3 => prop::char::range('\u{1820}', '\u{1842}'), 1 => any::<char>(), 2 => lossy];
    vec(letter.prop_filter("carried by XML", |c| xml::can_carry(&c.to_string())), 1..40)
        .prop_map(|chars| chars.into_iter().collect())
}

fn any_answer(question: &'static Question) -> BoxedStrategy<Value> {
    let values: Vec<&str> = question.choices.iter().map(|choice| choice.value.as_str()).collect();
    match question.answer_type {
        AnswerType::Integer => any::<i64>().prop_map(Value::from).boxed(),
        AnswerType::Date => (1900..2200i32, 1..=12u32, 1..=28u32)
            .prop_map(|(year, month, day)| json!(format!("{year}-{month:02}-{day:02}")))
            .boxed(),
        AnswerType::Geopoint => (-90.0..90.0f64, -180.0..180.0f64, -400.0..9_000.0f64, 0.0..5_000.0f64)
            .prop_map(|(lat, lon, up, off)| json!({"lat": lat, "lon": lon, "altitude_m": up, "accuracy_m": off}))
            .boxed(),
        AnswerType::SelectOne => prop::sample::select(values).prop_map(Value::from).boxed(),
        AnswerType::SelectMany => {
            let count = values.len();
            subsequence(values, 1..=count).prop_shuffle().prop_map(Value::from).boxed()
        }
        AnswerType::Attachment => "[a-z0-9 _\u{1820}-\u{1842}]{1,40}\\.jpg".prop_map(Value::from).boxed(),
        _ => any_text().prop_map(Value::from).boxed(),
    }
}

fn any_answers() -> impl Strategy<Value = Answers> {
    let questions: Vec<&Question> =
        visit_form().questions.iter().filter(|question| question.answer_type != AnswerType::Note).collect();
    let outcome = any_answer(visit_form().question("outcome").unwrap());
    let others: Vec<_> = questions
        .into_iter()
        .map(|question| prop::option::of(any_answer(question).prop_map(|answer| (question.name.clone(), answer))))
        .collect();
    (outcome, others).prop_map(|(outcome, others)| {
        let mut answers: Answers = others.into_iter().flatten().collect();
        answers.insert("outcome".to_owned(), outcome);
        answers
    })
}

/// Bytes changed, taken out and put in; repaired to UTF-8 as a reader of files would.
fn mutated(text: &str, changes: &[(Index, Option<u8>, bool)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, byte, insert) in changes {
        let at = at.index(bytes.len());
        match byte {
            Some(byte) if *insert => bytes.insert(at, *byte),
            Some(byte) => bytes[at] = *byte,
            None => bytes.truncate(bytes.len().min(at + bytes.len() / 2)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn changes() -> impl Strategy<Value = Vec<(Index, Option<u8>, bool)>> {
    let syntax = prop::sample::select(b"<>&/\"'=![]-:;# \0\xE1\xA0".to_vec());
    let byte = prop::option::weighted(0.9, prop_oneof![syntax, any::<u8>()]);
    vec((any::<Index>(), byte, any::<bool>()), 1..12)
}

proptest! {
    #[test]
    fn what_was_filled_in_is_read_back(answers in any_answers()) {
        let xml = visit_form().fill(&answers, ID, STARTED, ENDED).unwrap();
        let read = visit_form().read(&xml).unwrap();
        prop_assert_eq!(read.answers, answers);
        prop_assert_eq!(read.instance_id, ID);
    }

    #[test]
    fn any_json_for_answers_is_written_or_refused_and_what_is_written_can_be_read(
        answers in btree_map(
            prop::sample::select(visit_form().questions.iter().map(|question| question.name.clone()).collect::<Vec<_>>()),
            prop_oneof![any_text().prop_map(Value::from), any::<f64>().prop_map(Value::from), any::<bool>().prop_map(Value::from),
                vec(any_text(), 0..3).prop_map(Value::from), Just(Value::Null), Just(json!({"lat": 1})),
                Just(json!("visited")), Just(json!("yes")), Just(json!(3))],
            0..8,
        ),
    ) {
        if let Ok(xml) = visit_form().fill(&answers, ID, STARTED, ENDED) {
            prop_assert!(visit_form().read(&xml).is_ok());
        }
    }

    #[test]
    fn a_damaged_submission_is_read_or_refused_but_nothing_breaks(changes in changes()) {
        let whole = filled(whole_visit()).unwrap();
        if let Ok(read) = visit_form().read(&mutated(&whole, &changes)) {
            prop_assert!(read.answers.keys().all(|name| visit_form().question(name).is_some()));
        }
    }

    #[test]
    fn any_bytes_are_refused_as_a_submission(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(visit_form().read(&String::from_utf8_lossy(&bytes)).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_form_is_read_or_refused_but_nothing_breaks(changes in changes()) {
        if let Ok(form) = FormModel::parse(&mutated(xform(), &changes)) {
            let _ = form.fill(&Answers::new(), ID, STARTED, ENDED);
            prop_assert!(!form.id.is_empty());
        }
    }
}

/// A form about a household: who lives there in a repeat (each one a person), in it a repeat of dogs; it makes a case of a group.
const FAMILY: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>x</h:title>
  <model><instance><data id="family" version="1">
    <hh/>
    <person jr:template=""><name/><phone/><dog jr:template=""><called/></dog>
      <meta><entity dataset="person" create="1" id=""><label/></entity></meta></person>
    <person><name/><phone/><dog><called/></dog><meta><entity dataset="person" create="1" id=""><label/></entity></meta></person>
    <quarrel><about/><since/>
      <meta><entity dataset="case" create="" update="1" id="" baseVersion="" trunkVersion="" branchId=""><label/></entity></meta></quarrel>
    <meta><instanceID/></meta></data></instance>
  <bind nodeset="/data/hh" type="string"/>
  <bind nodeset="/data/person/name" type="string" entities:saveto="name_zh"/>
  <bind nodeset="/data/person/phone" type="string" entities:saveto="phone"/>
  <bind nodeset="/data/quarrel/about" type="string" entities:saveto="note"/>
  <bind nodeset="/data/quarrel/since" type="date" entities:saveto="due"/>
  </model></h:head><h:body><input ref="/data/hh"/>
  <group ref="/data/person"><label>who</label><repeat nodeset="/data/person"><input ref="/data/person/name"/><input ref="/data/person/phone"/>
    <group ref="/data/person/dog"><repeat nodeset="/data/person/dog"><input ref="/data/person/dog/called"/></repeat></group>
  </repeat></group>
  <group ref="/data/quarrel"><input ref="/data/quarrel/about"/><input ref="/data/quarrel/since"/></group></h:body></h:html>"#;

fn family() -> FormModel {
    FormModel::parse(FAMILY).unwrap()
}

#[test]
fn repeats_are_arrays_of_answers_and_survive_xml() {
    let form = family();
    let within = |name: &str| form.question(name).unwrap().within.clone();
    assert_eq!((within("hh"), within("phone"), within("called")), (None, Some("person".into()), Some("dog".into())));
    let repeats: Vec<_> = form.repeats.iter().map(|one| (one.name.as_str(), one.within.as_deref())).collect();
    assert_eq!(repeats, [("person", None), ("dog", Some("person"))]);
    assert_eq!(form.repeats[0].label, Texts::from([(String::new(), "who".to_owned())]));
    let given = answers(json!({
        "hh": "巴图",
        "person": [
            { "name": "娜仁", "dog": [{ "called": "a" }, { "called": "b" }] },
            {},
            { "name": "其木格", "phone": "139", "dog": [{}] },
        ],
        "about": "围栏",
    }));
    let xml = form.fill(&given, ID, STARTED, ENDED).unwrap();
    assert_eq!(form.read(&xml).unwrap().answers, given);
    let dogs: Vec<_> = form.each(&given, "dog").into_iter().map(|dog| dog.get("called").cloned()).collect();
    assert_eq!(dogs, [Some(json!("a")), Some(json!("b")), None]);
    assert!(form.each(&given, "cat").is_empty());
}

#[test]
fn an_answer_that_belongs_into_a_repeat_is_refused_outside_of_it() {
    let fill = |given: Value| family().fill(&answers(given), ID, STARTED, ENDED).unwrap_err();
    assert_eq!(fill(json!({ "name": "x" })), FormError::UnknownName("name".into()));
    assert_eq!(fill(json!({ "person": [{ "hh": "x" }] })), FormError::UnknownName("hh".into()));
    assert_eq!(fill(json!({ "person": [{ "called": "x" }] })), FormError::UnknownName("called".into()));
    for wrong in [json!("x"), json!(["x"]), json!({ "name": "x" })] {
        assert!(matches!(fill(json!({ "person": wrong })), FormError::WrongValue { .. }));
    }
    let twice = "<data id=\"family\" version=\"1\"><hh/><hh/><meta><instanceID>x</instanceID></meta></data>";
    assert_eq!(family().read(twice).unwrap_err(), FormError::Misplaced("/data/hh".into()));
}

#[test]
fn what_a_submission_says_about_records_is_read_from_its_entities() {
    let entity = |attributes: &str| format!("<meta><entity {attributes}><label>L</label></entity></meta>");
    let made = entity("dataset=\"person\" create=\"1\" id=\"p1\"");
    let none = entity("dataset=\"person\" create=\"\" id=\"p2\"");
    let case = entity("dataset=\"case\" update=\"true\" id=\"c\" baseVersion=\"3\" trunkVersion=\"2\" branchId=\"b\"");
    let read = family().read(&format!(
        "<data id=\"family\" version=\"1\"><hh>x</hh><person><name>娜仁</name><phone>1</phone><dog><called>a</called></dog>{made}</person>\
         <person><name>巴图</name>{none}</person><quarrel><about>围栏</about><since>2026-11-27</since>{case}</quarrel>\
         <meta><instanceID>x</instanceID></meta></data>"
    ));
    let [person, case] = &read.unwrap().entities[..] else { panic!("two are made or changed") };
    assert_eq!(
        (person.dataset.as_str(), person.id.as_str(), person.create, person.update),
        ("person", "p1", true, false)
    );
    assert_eq!(person.properties, [("name_zh".into(), json!("娜仁")), ("phone".into(), json!("1"))].into());
    assert_eq!((case.create, case.update, case.base_version, case.trunk_version), (false, true, Some(3), Some(2)));
    assert_eq!((case.branch_id.as_deref(), case.label.as_str()), (Some("b"), "L"));
    assert_eq!(case.properties, [("note".into(), json!("围栏")), ("due".into(), json!("2026-11-27"))].into());
}
