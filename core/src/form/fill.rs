//! A submission made without a window: answers → ODK XML.

use serde_json::Value;

use super::model::{Answers, FormModel, Node};
use super::read::is_id;
use super::{FormError, MAX_SUBMISSION_BYTES, value, xml};
use crate::time::Instant;

impl FormModel {
    /// Writes a submission from answers: for the tablet without a window, and for tests.
    ///
    /// Every node of the form is written; one without an answer has the form's default, or is empty, so that the form
    /// engine can open the submission again. `null`, `""` and `[]` are no answer. [`FormModel::read`] gives back the same
    /// answers, except that a whole number for a decimal comes back as `3.0`, no answer is absent, and defaults appear.
    ///
    /// Relevance, constraints, calculations and conditional `required` are **not** evaluated: an answer to a question that
    /// the window would not have asked is written, a question required only under a condition may be left out.
    ///
    /// # Errors
    /// [`FormError`] for an answer the form does not ask for, of a wrong type, not among the choices, or missing where the
    /// form requires one without any condition; for an instance id that is empty, long or has spaces; for a submission
    /// that would be longer than [`MAX_SUBMISSION_BYTES`].
    pub fn fill(
        &self,
        answers: &Answers,
        instance_id: &str,
        started: Instant,
        ended: Instant,
    ) -> Result<String, FormError> {
        if !is_id(instance_id) {
            return Err(FormError::NoInstanceId);
        }
        self.knows_all(answers.iter(), None)?;
        let mut xml = format!("<{} id=\"", self.template.name);
        xml::escape_into(&mut xml, &self.id);
        xml.push_str("\" version=\"");
        xml::escape_into(&mut xml, &self.version);
        xml.push_str("\">");
        let mut filling = Filling { form: self, started, ended, xml };
        for child in self.template.places() {
            filling.node(child, &|name| answers.get(name))?;
        }
        let mut xml = filling.xml;
        xml.push_str("<meta><instanceID>");
        xml::escape_into(&mut xml, instance_id);
        xml.push_str("</instanceID></meta></");
        xml.push_str(&self.template.name);
        xml.push('>');
        if xml.len() > MAX_SUBMISSION_BYTES {
            return Err(FormError::TooLarge { size_bytes: xml.len(), max_bytes: MAX_SUBMISSION_BYTES });
        }
        Ok(xml)
    }

    /// Whether the form asks for each answer, at the place where it is given.
    fn knows_all<'a>(
        &self,
        mut answers: impl Iterator<Item = (&'a String, &'a Value)>,
        within: Option<&str>,
    ) -> Result<(), FormError> {
        answers.try_for_each(|(name, answer)| {
            let unknown = || FormError::UnknownName(name.clone());
            if self.question(name).is_some_and(|question| question.within.as_deref() == within) {
                return Ok(());
            }
            let repeat = self.repeat(name).filter(|repeat| repeat.within.as_deref() == within).ok_or_else(unknown)?;
            let wrong = || FormError::WrongValue { name: name.clone(), expected: "repeat" };
            answer
                .as_array()
                .ok_or_else(wrong)?
                .iter()
                .try_for_each(|one| self.knows_all(one.as_object().ok_or_else(wrong)?.iter(), Some(&repeat.name)))
        })
    }
}

/// Gives the answer of a name, of those that are given at one place.
type Given<'a> = dyn Fn(&str) -> Option<&'a Value> + 'a;

struct Filling<'f> {
    form: &'f FormModel,
    started: Instant,
    ended: Instant,
    xml: String,
}

impl Filling<'_> {
    /// Writes a node, once for each time that a repeat was answered. As deep as the form's template.
    fn node<'a>(&mut self, node: &Node, given: &Given<'a>) -> Result<(), FormError> {
        if !node.repeats {
            return self.once(node, given);
        }
        let times = given(&node.name).and_then(Value::as_array).into_iter().flatten();
        times.filter_map(Value::as_object).try_for_each(|one| self.once(node, &|name| one.get(name)))
    }

    fn once<'a>(&mut self, node: &Node, given: &Given<'a>) -> Result<(), FormError> {
        self.xml.push('<');
        self.xml.push_str(&node.name);
        self.xml.push('>');
        if node.children.is_empty() {
            let text = self.text_of(node, given)?;
            xml::escape_into(&mut self.xml, &text);
        }
        for child in node.places() {
            self.node(child, given)?;
        }
        self.xml.push_str("</");
        self.xml.push_str(&node.name);
        self.xml.push('>');
        Ok(())
    }

    fn text_of(&self, node: &Node, given: &Given<'_>) -> Result<String, FormError> {
        if self.form.started_path.as_ref() == Some(&node.path) {
            return Ok(self.started.to_iso());
        }
        if self.form.ended_path.as_ref() == Some(&node.path) {
            return Ok(self.ended.to_iso());
        }
        let Some(question) = self.form.question(&node.name) else { return Ok(node.default.clone()) };
        let answered = match given(&question.name) {
            Some(answer) => value::to_text(question, answer)?,
            None => String::new(),
        };
        let text = if answered.is_empty() { node.default.clone() } else { answered };
        if text.is_empty() && question.is_always_required() {
            return Err(FormError::Unanswered(question.name.clone()));
        }
        Ok(text)
    }
}
