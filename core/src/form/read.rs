//! A finished submission: ODK XML → answers.

use std::collections::BTreeSet;

use roxmltree::Node as Xml;
use serde::Serialize;
use serde_json::Value;

use super::entity::Entity;
use super::model::{AnswerType, Answers, FormModel, Node};
use super::{FormError, MAX_SUBMISSION_BYTES, MAX_SUBMISSION_NODES, value, xml};

const ID_MAX_BYTES: usize = 200;

/// What a submission says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Submission {
    /// The form's id.
    pub form_id: String,
    /// The form's version.
    pub version: String,
    /// The submission's own id, usually `uuid:…`; the same however often the draft was resumed.
    pub instance_id: String,
    /// The submission this one takes the place of.
    pub deprecated_id: Option<String>,
    /// When filling in began, ISO 8601, by the device's clock.
    pub started: Option<String>,
    /// When filling in ended.
    pub ended: Option<String>,
    /// The answers.
    pub answers: Answers,
    /// What it says about records, in the order of the submission.
    pub entities: Vec<Entity>,
}

impl FormModel {
    /// Reads a submission of this form and version.
    ///
    /// Strings are kept byte for byte: nothing is trimmed, U+202F, U+180E and variation selectors stay. Whether an answer
    /// is relevant, right or in its list is not asked (see the [module](super)).
    ///
    /// # Errors
    /// [`FormError`] for a document that is too large or not XML, belongs to another form or version, has no instanceID,
    /// has nodes the form has not, or a value that is not of its type.
    pub fn read(&self, submission: &str) -> Result<Submission, FormError> {
        let document = xml::document(submission, MAX_SUBMISSION_BYTES, MAX_SUBMISSION_NODES)?;
        let root = document.root_element();
        self.is_for(root)?;
        let mut reading = Reading { form: self, started: None, ended: None, entities: Vec::new(), open: Vec::new() };
        let answers = reading.times(root, &self.template)?;
        let meta = xml::child(root, "meta");
        let of_meta = |name: &str| meta.and_then(|meta| xml::child(meta, name)).map(xml::text);
        Ok(Submission {
            form_id: self.id.clone(),
            version: self.version.clone(),
            instance_id: of_meta("instanceID").filter(|id| is_id(id)).ok_or(FormError::NoInstanceId)?,
            deprecated_id: of_meta("deprecatedID").filter(|id| is_id(id)),
            started: reading.started,
            ended: reading.ended,
            answers: answers.into_iter().collect(),
            entities: reading.entities,
        })
    }

    fn is_for(&self, root: Xml<'_, '_>) -> Result<(), FormError> {
        let found = xml::attribute(root, "id").unwrap_or_default();
        if found != self.id {
            return Err(FormError::OtherForm { expected: self.id.clone(), found: found.to_owned() });
        }
        let found = xml::attribute(root, "version").unwrap_or_default();
        if found != self.version {
            return Err(FormError::OtherVersion { expected: self.version.clone(), found: found.to_owned() });
        }
        Ok(())
    }
}

pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_MAX_BYTES && !id.contains(char::is_whitespace) && xml::can_carry(id)
}

struct Reading<'f> {
    form: &'f FormModel,
    started: Option<String>,
    ended: Option<String>,
    entities: Vec<Entity>,
    /// The entities around the place that is read, the innermost last.
    open: Vec<Entity>,
}

type Given = serde_json::Map<String, Value>;

impl Reading<'_> {
    /// Reads the answers of the whole form, or of one time that a repeat was answered.
    fn times(&mut self, node: Xml<'_, '_>, template: &Node) -> Result<Given, FormError> {
        let mut given = Given::new();
        self.group(node, template, &mut given)?;
        Ok(given)
    }

    /// Reads the nodes of a group. As deep as the form's own template, never deeper.
    fn group(&mut self, node: Xml<'_, '_>, template: &Node, given: &mut Given) -> Result<(), FormError> {
        if !xml::text(node).chars().all(|c| c.is_ascii_whitespace()) {
            return Err(FormError::Misplaced(template.path.clone()));
        }
        let about = xml::child(node, "meta").and_then(|meta| xml::child(meta, "entity"));
        let before = self.entities.len();
        if let Some(dataset) = &template.entity {
            self.open.push(about.map_or_else(Entity::default, |about| Entity::read(dataset, about)));
        }
        let mut seen = BTreeSet::new();
        for element in xml::elements(node) {
            let name = element.tag_name().name();
            if name == "meta" && (template.entity.is_some() || template.path == self.form.template.path) {
                continue;
            }
            let unknown = || FormError::UnknownName(format!("{}/{name}", template.path));
            let place = template.child(name).ok_or_else(unknown)?;
            if !seen.insert(name) && !place.repeats {
                return Err(FormError::Misplaced(place.path.clone()));
            }
            if place.repeats {
                let one = Value::Object(self.times(element, place)?);
                match given.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(times) => times.push(one),
                    _ => return Err(FormError::Misplaced(place.path.clone())),
                }
            } else if place.children.is_empty() {
                self.leaf(element, place, given)?;
            } else {
                self.group(element, place, given)?;
            }
        }
        let about = if template.entity.is_some() { self.open.pop() } else { None };
        if let Some(entity) = about.filter(|entity| entity.create || entity.update) {
            // Before those within it, which may speak of it.
            self.entities.insert(before, entity);
        }
        Ok(())
    }

    fn leaf(&mut self, node: Xml<'_, '_>, place: &Node, given: &mut Given) -> Result<(), FormError> {
        if let Some(element) = xml::elements(node).next() {
            return Err(FormError::UnknownName(format!("{}/{}", place.path, element.tag_name().name())));
        }
        let text = xml::text(node);
        if text.is_empty() {
            return Ok(());
        }
        let wrong = |expected| FormError::WrongValue { name: place.name.clone(), expected };
        let time = |text: String| {
            let is_time = value::from_text(AnswerType::DateTime, &text).is_some();
            is_time.then_some(text).ok_or_else(|| wrong(AnswerType::DateTime.as_str()))
        };
        if self.form.started_path.as_ref() == Some(&place.path) {
            self.started = Some(time(text)?);
        } else if self.form.ended_path.as_ref() == Some(&place.path) {
            self.ended = Some(time(text)?);
        } else if let Some(question) = self.form.question(&place.name).filter(|q| q.answer_type != AnswerType::Note) {
            let expected = question.answer_type;
            let answer = value::from_text(expected, &text).ok_or_else(|| wrong(expected.as_str()))?;
            if let (Some(property), Some(entity)) = (&place.saved_to, self.open.last_mut()) {
                entity.properties.insert(property.clone(), answer.clone());
            }
            given.insert(place.name.clone(), answer);
        }
        Ok(())
    }
}
