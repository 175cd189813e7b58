//! What a form asks, as data: questions in order, their types, texts and choices.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Answers by name of question or repeat; see the [module](super) for the shape of each.
pub type Answers = BTreeMap<String, Value>;

/// A text by language code (`zh-Hans`, `mn-Mong`). Values that a form inserts while it is filled in (`<output>`) are left out.
pub type Texts = BTreeMap<String, String>;

/// A form: what it asks, in which order, in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormModel {
    /// The form's id.
    pub id: String,
    /// The form's version; empty if the form has none.
    pub version: String,
    /// The form's title; one text, in whatever languages its author put into it.
    pub title: String,
    /// Language codes of its texts, the default first.
    pub languages: Vec<String>,
    /// The questions in the order of the form, those in repeats among them.
    pub questions: Vec<Question>,
    /// The repeats in the order of the form.
    pub repeats: Vec<Repeat>,
    /// The instance to fill in.
    #[serde(skip)]
    pub(super) template: Node,
    /// Where the time of the beginning belongs, if the form records it.
    #[serde(skip)]
    pub(super) started_path: Option<String>,
    /// Where the time of the end belongs, if the form records it.
    #[serde(skip)]
    pub(super) ended_path: Option<String>,
}

/// Questions that are asked several times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repeat {
    /// Its name: the key of its answers.
    pub name: String,
    /// Its path in the submission.
    pub path: String,
    /// Its words.
    pub label: Texts,
    /// The name of the repeat around it, if there is one.
    pub within: Option<String>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its name: the key of its answer.
    pub name: String,
    /// Its path in the submission, groups included.
    pub path: String,
    /// The name of the innermost repeat around it, if there is one.
    pub within: Option<String>,
    /// What its answer is.
    pub answer_type: AnswerType,
    /// Its words.
    pub label: Texts,
    /// Its hint.
    pub hint: Texts,
    /// XPath of the form: when an answer is required. Not evaluated.
    pub required: Option<String>,
    /// XPath of the form, of its groups first: when it is asked at all. Not evaluated.
    pub relevant: Vec<String>,
    /// XPath of the form: which answers are right. Not evaluated.
    pub constraint: Option<String>,
    /// How the form wants it drawn.
    pub appearance: String,
    /// Its choices.
    pub choices: Vec<Choice>,
    /// Whether the choices come from outside the form, so that any value may be one.
    pub choices_elsewhere: bool,
}

/// One choice of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What an answer holds.
    pub value: String,
    /// What is shown.
    pub label: Texts,
}

/// What the answer to a question is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerType {
    /// Any text; also barcodes, acknowledgements and calculated values.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// A calendar day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A position.
    Geopoint,
    /// Positions along a line.
    Geotrace,
    /// Positions around an area.
    Geoshape,
    /// One choice.
    SelectOne,
    /// Several choices, or all of them in an order.
    SelectMany,
    /// The name of a file beside the submission.
    Attachment,
    /// Something to read; it has no answer.
    Note,
}

impl AnswerType {
    /// The type in the words of the form standard.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "int",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "dateTime",
            Self::Geopoint => "geopoint",
            Self::Geotrace => "geotrace",
            Self::Geoshape => "geoshape",
            Self::SelectOne => "select1",
            Self::SelectMany => "select",
            Self::Attachment => "binary",
            Self::Note => "note",
        }
    }
}

impl FormModel {
    /// The question of this name.
    #[must_use]
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.name == name)
    }

    /// The repeat of this name.
    #[must_use]
    pub fn repeat(&self, name: &str) -> Option<&Repeat> {
        self.repeats.iter().find(|repeat| repeat.name == name)
    }

    /// The answers of each time a repeat was answered, whatever lies around it; none if `answers` are not of this form.
    pub fn each<'a>(&self, answers: &'a Answers, repeat: &str) -> Vec<&'a serde_json::Map<String, Value>> {
        let Some(found) = self.repeat(repeat) else { return Vec::new() };
        let times = |value: Option<&'a Value>| {
            value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect::<Vec<_>>()
        };
        match &found.within {
            None => times(answers.get(repeat)),
            Some(around) => self.each(answers, around).into_iter().flat_map(|one| times(one.get(repeat))).collect(),
        }
    }
}

impl Question {
    /// Whether it must be answered whatever else was answered.
    #[must_use]
    pub fn is_always_required(&self) -> bool {
        let is_true = |expression: &str| expression.trim() == "true()";
        self.answer_type != AnswerType::Note
            && self.required.as_deref().is_some_and(is_true)
            && self.relevant.iter().all(|expression| is_true(expression))
    }

    /// The words of a choice.
    #[must_use]
    pub fn choice(&self, value: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.value == value)
    }
}

/// A node of the instance to fill in: a group, or (without children) a place for one value.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) children: Vec<Node>,
    /// The value the form begins with.
    pub(super) default: String,
    /// Whether it may stand there several times.
    pub(super) repeats: bool,
    /// The kind of record that it says something about, by the entities block in its `meta`.
    pub(super) entity: Option<String>,
    /// The property of the entity around it that its answer becomes.
    pub(super) saved_to: Option<String>,
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Its children without what the standard says about a submission or an entity.
    pub(super) fn places(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| child.name != "meta")
    }
}
