//! A submission made without a window: answers → ODK XML.

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
        if let Some(unknown) = answers.keys().find(|name| self.question(name).is_none()) {
            return Err(FormError::UnknownName(unknown.clone()));
        }
        let mut xml = format!("<{} id=\"", self.template.name);
        xml::escape_into(&mut xml, &self.id);
        xml.push_str("\" version=\"");
        xml::escape_into(&mut xml, &self.version);
        xml.push_str("\">");
        let mut filling = Filling { form: self, answers, started, ended, xml };
        for child in self.template.children.iter().filter(|child| child.name != "meta") {
            filling.node(child)?;
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
}

struct Filling<'f> {
    form: &'f FormModel,
    answers: &'f Answers,
    started: Instant,
    ended: Instant,
    xml: String,
}

impl Filling<'_> {
    /// Writes a node. As deep as the form's template.
    fn node(&mut self, node: &Node) -> Result<(), FormError> {
        self.xml.push('<');
        self.xml.push_str(&node.name);
        self.xml.push('>');
        if node.children.is_empty() {
            let text = self.text_of(node)?;
            xml::escape_into(&mut self.xml, &text);
        }
        for child in &node.children {
            self.node(child)?;
        }
        self.xml.push_str("</");
        self.xml.push_str(&node.name);
        self.xml.push('>');
        Ok(())
    }

    fn text_of(&self, node: &Node) -> Result<String, FormError> {
        if self.form.started_path.as_ref() == Some(&node.path) {
            return Ok(self.started.to_iso());
        }
        if self.form.ended_path.as_ref() == Some(&node.path) {
            return Ok(self.ended.to_iso());
        }
        let Some(question) = self.form.question(&node.name) else { return Ok(node.default.clone()) };
        let answered = match self.answers.get(&question.name) {
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
