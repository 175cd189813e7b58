//! What a form demands of a submission, read from any ODK XForm: the instance, what each place is bound to, the choices.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node as Xml;

use super::xpath::{Expr, Tree, is_known, parse};
use super::{FormError, MAX_DEPTH, MAX_FORM_BYTES, MAX_FORM_NODES, xml};

/// A form, ready to check submissions.
#[derive(Debug)]
pub struct FormRules {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) template: Template,
    /// What each path is bound to.
    pub(super) binds: BTreeMap<String, Bind>,
    /// Where choices come from, by path.
    pub(super) choices: BTreeMap<String, Choices>,
    /// The paths of the repeats.
    pub(super) repeats: BTreeSet<String>,
    /// The lists inside the form.
    pub(super) lists: String,
    /// The ids of lists beside it.
    pub(super) outside: BTreeSet<String>,
    /// Places that say when filling in ended, else when it began.
    pub(super) ended: Option<String>,
    pub(super) started: Option<String>,
}

/// A place of the instance.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) children: Vec<Template>,
    pub(super) default: String,
}

/// What a place is bound to.
#[derive(Debug, Default)]
pub(super) struct Bind {
    pub(super) data_type: String,
    pub(super) relevant: Option<Rule>,
    pub(super) required: Option<Rule>,
    pub(super) constraint: Option<Rule>,
    pub(super) calculate: Option<Rule>,
}

/// An expression, or the character from which on it cannot be read.
pub(super) type Rule = Result<Expr, usize>;

/// Where the choices of a question come from.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) many: bool,
    pub(super) from: ChoicesFrom,
}

#[derive(Debug)]
pub(super) enum ChoicesFrom {
    /// They stand in the question.
    Here(BTreeSet<String>),
    /// The nodes of an expression, and the child that is the value.
    Nodes(Rule, String),
}

impl FormRules {
    /// Reads an XForm.
    ///
    /// # Errors
    /// [`FormError`] for a document that is too large, not XML or not an XForm.
    pub fn parse(xform: &str) -> Result<Self, FormError> {
        let document = xml::document(xform, MAX_FORM_BYTES, MAX_FORM_NODES)?;
        let html = document.root_element();
        let head = xml::child(html, "head").ok_or(FormError::FormLacks("head"))?;
        let model = xml::child(head, "model").ok_or(FormError::FormLacks("model"))?;
        let instance = xml::child(model, "instance").and_then(|instance| xml::elements(instance).next());
        let instance = instance.ok_or(FormError::FormLacks("instance"))?;
        let id = xml::attribute(instance, "id").filter(|id| !id.is_empty()).ok_or(FormError::FormLacks("id"))?;
        let mut rules = Self {
            id: id.to_owned(),
            version: xml::attribute(instance, "version").unwrap_or_default().to_owned(),
            template: template(instance, "", 0)?,
            binds: BTreeMap::new(),
            choices: BTreeMap::new(),
            repeats: BTreeSet::new(),
            lists: String::new(),
            outside: BTreeSet::new(),
            ended: None,
            started: None,
        };
        let mut lists = Vec::new();
        for element in xml::elements(model) {
            match (element.tag_name().name(), xml::attribute(element, "id")) {
                ("bind", _) => rules.bind(element),
                ("instance", Some(id)) if xml::attribute(element, "src").is_some() => {
                    rules.outside.insert(id.to_owned());
                }
                ("instance", Some(id)) => lists.push((id, element)),
                _ => {}
            }
        }
        rules.lists = lists_of(xform, &lists);
        if let Some(body) = xml::child(html, "body") {
            rules.controls(body);
        }
        Ok(rules)
    }

    /// The functions in it that are not evaluated here, in the order of the alphabet.
    #[must_use]
    pub fn unsupported(&self) -> BTreeSet<String> {
        let binds = self.binds.values();
        let of_binds = binds.flat_map(|bind| [&bind.relevant, &bind.required, &bind.constraint, &bind.calculate]);
        let of_choices = self.choices.values().filter_map(|choices| match &choices.from {
            ChoicesFrom::Nodes(rule, _) => Some(rule),
            ChoicesFrom::Here(_) => None,
        });
        let mut found = BTreeSet::new();
        for expr in of_binds.flatten().chain(of_choices).filter_map(|rule| rule.as_ref().ok()) {
            expr.functions(&mut |name| {
                if !is_known(name) {
                    found.insert(name.to_owned());
                }
            });
        }
        found
    }

    fn bind(&mut self, element: Xml<'_, '_>) {
        let Some(path) = xml::attribute(element, "nodeset") else { return };
        let rule = |name| xml::attribute(element, name).filter(|text| !text.trim().is_empty()).map(read);
        let data_type = xml::attribute(element, "type").unwrap_or_default();
        let bind = Bind {
            data_type: data_type.rsplit(':').next().unwrap_or_default().to_owned(),
            relevant: rule("relevant"),
            required: rule("required"),
            constraint: rule("constraint"),
            calculate: rule("calculate"),
        };
        match (xml::attribute(element, "preload"), xml::attribute(element, "preloadParams")) {
            (Some("timestamp"), Some("end")) => self.ended = Some(path.to_owned()),
            (Some("timestamp"), Some("start")) => self.started = Some(path.to_owned()),
            _ => {}
        }
        self.binds.insert(path.to_owned(), bind);
    }

    fn controls(&mut self, body: Xml<'_, '_>) {
        for element in body.descendants().filter(Xml::is_element) {
            let kind = element.tag_name().name();
            if kind == "repeat" {
                self.repeats.extend(xml::attribute(element, "nodeset").map(str::to_owned));
            }
            let Some(path) = xml::attribute(element, "ref").filter(|_| matches!(kind, "select" | "select1" | "rank"))
            else {
                continue;
            };
            let from = match xml::child(element, "itemset") {
                Some(itemset) => {
                    let value = xml::child(itemset, "value").and_then(|value| xml::attribute(value, "ref"));
                    ChoicesFrom::Nodes(nodeset(itemset), value.unwrap_or("name").to_owned())
                }
                None => {
                    let items = xml::elements(element).filter(|item| item.tag_name().name() == "item");
                    ChoicesFrom::Here(items.filter_map(|item| xml::child(item, "value")).map(xml::text).collect())
                }
            };
            self.choices.insert(path.to_owned(), Choices { many: kind != "select1", from });
        }
    }

    /// The lists inside the form, as documents.
    pub(super) fn add_lists(&self, tree: &mut Tree) -> Result<(), FormError> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let document = xml::document(&self.lists, MAX_FORM_BYTES * 2, MAX_FORM_NODES)?;
        for list in xml::elements(document.root_element()) {
            let root = tree.add_xml(None, list, 0);
            tree.lists.insert(xml::attribute(list, "id").unwrap_or_default().to_owned(), root);
        }
        Ok(())
    }
}

/// The nodes of an `itemset`; a list in random order is the same list.
fn nodeset(itemset: Xml<'_, '_>) -> Rule {
    let text = xml::attribute(itemset, "nodeset").unwrap_or_default();
    match read(text)? {
        Expr::Call(name, mut arguments) if name == "randomize" && !arguments.is_empty() => Ok(arguments.swap_remove(0)),
        other => Ok(other),
    }
}

/// Reads an expression of a form; the functions in it that are not evaluated here.
///
/// # Errors
/// The character from which on it cannot be read.
pub fn expression(text: &str) -> Result<BTreeSet<String>, usize> {
    let mut unknown = BTreeSet::new();
    read(text)?.functions(&mut |name| {
        if !is_known(name) {
            unknown.insert(name.to_owned());
        }
    });
    Ok(unknown)
}

fn read(text: &str) -> Rule {
    parse(text).map_err(|unread| unread.at)
}

fn template(node: Xml<'_, '_>, parent: &str, depth: usize) -> Result<Template, FormError> {
    let name = node.tag_name().name().to_owned();
    let path = format!("{parent}/{name}");
    if depth > MAX_DEPTH {
        return Err(FormError::TooDeep(path));
    }
    let mut children: Vec<Template> = Vec::new();
    for child in xml::elements(node) {
        let child = template(child, &path, depth + 1)?;
        // A repeat may stand there as a template and as its first places.
        if children.iter().all(|known| known.name != child.name) {
            children.push(child);
        }
    }
    let default = if children.is_empty() { xml::text(node) } else { String::new() };
    Ok(Template { name, path, children, default })
}

/// The lists as one document: what stands between the tags of each, byte for byte.
fn lists_of(xform: &str, lists: &[(&str, Xml<'_, '_>)]) -> String {
    if lists.is_empty() {
        return String::new();
    }
    let mut text = String::from("<lists xmlns:jr=\"http://openrosa.org/javarosa\">");
    for (id, list) in lists {
        text.push_str("<instance id=\"");
        xml::escape_into(&mut text, id);
        text.push_str("\">");
        xml::elements(*list).for_each(|child| text.push_str(xform.get(child.range()).unwrap_or_default()));
        text.push_str("</instance>");
    }
    text + "</lists>"
}
