//! XForm → [`FormModel`].

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node as Xml;

use super::model::{AnswerType, Choice, FormModel, Node, Question, Repeat, Texts};
use super::{FormError, MAX_DEPTH, MAX_FORM_BYTES, MAX_FORM_NODES, xml};

impl FormModel {
    /// Reads an XForm as `pyxform` writes it (ODK XForms 1.0).
    ///
    /// # Errors
    /// [`FormError`] for a document that is too large, not XML or not an XForm, and for two questions or repeats of one
    /// name.
    pub fn parse(xform: &str) -> Result<Self, FormError> {
        let document = xml::document(xform, MAX_FORM_BYTES, MAX_FORM_NODES)?;
        let html = document.root_element();
        let head = xml::child(html, "head").ok_or(FormError::FormLacks("head"))?;
        let model = xml::child(head, "model").ok_or(FormError::FormLacks("model"))?;
        let instance = primary_instance(model).ok_or(FormError::FormLacks("instance"))?;
        let id = xml::attribute(instance, "id").filter(|id| !id.is_empty()).ok_or(FormError::FormLacks("id"))?;
        let binds = binds(model);
        let itext = Itext::read(model);
        let controls = controls(xml::child(html, "body"));
        let template = Places { binds: &binds, controls: &controls }.template(instance, String::new(), 0)?;
        let mut form = Self {
            id: id.to_owned(),
            version: xml::attribute(instance, "version").unwrap_or_default().to_owned(),
            title: xml::child(head, "title").map(xml::text).unwrap_or_default(),
            languages: itext.languages.clone(),
            questions: Vec::new(),
            repeats: Vec::new(),
            template: Node::default(),
            started_path: None,
            ended_path: None,
        };
        let reading = Reading { binds, itext, lists: lists(model), controls, names: BTreeSet::new() };
        reading.questions_of(&template, &mut form)?;
        form.template = template;
        Ok(form)
    }
}

/// The primary instance is the first one; lists have an id.
fn primary_instance<'a, 'x>(model: Xml<'a, 'x>) -> Option<Xml<'a, 'x>> {
    xml::elements(xml::child(model, "instance")?).next()
}

struct Places<'p, 'a, 'x> {
    binds: &'p BTreeMap<&'a str, Xml<'a, 'x>>,
    controls: &'p BTreeMap<&'a str, Xml<'a, 'x>>,
}

impl Places<'_, '_, '_> {
    fn template(&self, node: Xml<'_, '_>, parent: String, depth: usize) -> Result<Node, FormError> {
        let name = node.tag_name().name().to_owned();
        let path = parent + "/" + &name;
        if depth > MAX_DEPTH {
            return Err(FormError::TooDeep(path));
        }
        let mut children: Vec<Node> = Vec::new();
        for child in xml::elements(node) {
            // A repeat may stand there as a template and as its first places.
            if children.iter().all(|known| known.name != child.tag_name().name()) {
                children.push(self.template(child, path.clone(), depth + 1)?);
            }
        }
        let default = if children.is_empty() { xml::text(node) } else { String::new() };
        let entity = xml::child(node, "meta").and_then(|meta| xml::child(meta, "entity"));
        Ok(Node {
            repeats: self.controls.get(path.as_str()).is_some_and(|control| control.tag_name().name() == "repeat"),
            entity: entity.and_then(|entity| xml::attribute(entity, "dataset")).map(str::to_owned),
            saved_to: self.binds.get(path.as_str()).and_then(|bind| xml::attribute(*bind, "saveto")).map(str::to_owned),
            name,
            path,
            children,
            default,
        })
    }
}

/// The `bind` elements by the path they speak about.
fn binds<'a, 'x>(model: Xml<'a, 'x>) -> BTreeMap<&'a str, Xml<'a, 'x>> {
    let binds = xml::elements(model).filter(|element| element.tag_name().name() == "bind");
    binds.filter_map(|bind| Some((xml::attribute(bind, "nodeset")?, bind))).collect()
}

/// The controls of the body and its repeats by the path they speak about. Groups are seen through.
fn controls<'a, 'x>(body: Option<Xml<'a, 'x>>) -> BTreeMap<&'a str, Xml<'a, 'x>> {
    let elements = body.into_iter().flat_map(|body| body.descendants()).filter(Xml::is_element);
    let control = |element: Xml<'a, 'x>| {
        let path = match element.tag_name().name() {
            "repeat" => "nodeset",
            "input" | "select1" | "select" | "rank" | "upload" | "trigger" | "range" => "ref",
            _ => return None,
        };
        Some((xml::attribute(element, path)?, element))
    };
    elements.filter_map(control).collect()
}

/// The lists inside the form (secondary instances): id → items, each its fields by name. A list from a file is `None`.
type Lists<'a> = BTreeMap<&'a str, Option<Vec<BTreeMap<&'a str, String>>>>;

fn lists<'a>(model: Xml<'a, '_>) -> Lists<'a> {
    let mut lists = BTreeMap::new();
    for instance in xml::elements(model).filter(|element| element.tag_name().name() == "instance") {
        let Some(id) = xml::attribute(instance, "id") else { continue };
        let items = xml::child(instance, "root").filter(|_| xml::attribute(instance, "src").is_none()).map(|root| {
            let items = xml::elements(root);
            items
                .map(|item| xml::elements(item).map(|field| (field.tag_name().name(), xml::text(field))).collect())
                .collect()
        });
        lists.insert(id, items);
    }
    lists
}

/// The texts of the form by id.
struct Itext {
    languages: Vec<String>,
    texts: BTreeMap<String, Texts>,
}

impl Itext {
    fn read(model: Xml<'_, '_>) -> Self {
        let mut itext = Self { languages: Vec::new(), texts: BTreeMap::new() };
        for translation in xml::child(model, "itext").into_iter().flat_map(xml::elements) {
            let language = language_code(xml::attribute(translation, "lang").unwrap_or_default());
            if xml::attribute(translation, "default").is_some() {
                itext.languages.insert(0, language.to_owned());
            } else {
                itext.languages.push(language.to_owned());
            }
            for text in xml::elements(translation) {
                let plain = xml::elements(text).find(|value| xml::attribute(*value, "form").is_none());
                if let (Some(id), Some(value)) = (xml::attribute(text, "id"), plain) {
                    let texts = itext.texts.entry(id.to_owned()).or_default();
                    texts.insert(language.to_owned(), xml::text(value));
                }
            }
        }
        itext
    }

    /// The words of a `label` or `hint`: by reference, or written into the form (then of no language).
    fn of(&self, element: Option<Xml<'_, '_>>) -> Texts {
        let Some(element) = element else { return Texts::new() };
        match xml::attribute(element, "ref").and_then(itext_id) {
            Some(id) => self.texts.get(id).cloned().unwrap_or_default(),
            None => plain(&xml::text(element)),
        }
    }
}

fn plain(text: &str) -> Texts {
    if text.is_empty() { Texts::new() } else { Texts::from([(String::new(), text.to_owned())]) }
}

/// `中文 (zh-Hans)` → `zh-Hans`; a name without brackets is its own code.
fn language_code(name: &str) -> &str {
    name.strip_suffix(')').and_then(|name| name.rsplit_once('(')).map_or(name, |(_, code)| code)
}

/// `jr:itext('id')` → `id`.
fn itext_id(reference: &str) -> Option<&str> {
    reference.trim().strip_prefix("jr:itext('")?.strip_suffix("')")
}

struct Reading<'a, 'x> {
    binds: BTreeMap<&'a str, Xml<'a, 'x>>,
    itext: Itext,
    lists: Lists<'a>,
    controls: BTreeMap<&'a str, Xml<'a, 'x>>,
    names: BTreeSet<String>,
}

impl Reading<'_, '_> {
    fn questions_of(mut self, template: &Node, form: &mut FormModel) -> Result<(), FormError> {
        template.places().try_for_each(|place| self.place(place, None, form))
    }

    fn place(&mut self, place: &Node, within: Option<&str>, form: &mut FormModel) -> Result<(), FormError> {
        let is_question = place.children.is_empty();
        if (is_question || place.repeats) && !self.names.insert(place.name.clone()) {
            return Err(FormError::NameTwice(place.name.clone()));
        }
        if place.repeats {
            form.repeats.push(self.repeat(place, within));
        }
        if is_question {
            match self.of_bind(&place.path, "preloadParams") {
                Some("start") => form.started_path = Some(place.path.clone()),
                Some("end") => form.ended_path = Some(place.path.clone()),
                _ => form.questions.push(self.question(place, within)),
            }
        }
        let within = if place.repeats { Some(place.name.as_str()) } else { within };
        place.places().try_for_each(|child| self.place(child, within, form))
    }

    /// The words of a repeat stand at the group around it.
    fn repeat(&self, place: &Node, within: Option<&str>) -> Repeat {
        let group = self.controls.get(place.path.as_str()).and_then(Xml::parent_element);
        Repeat {
            name: place.name.clone(),
            path: place.path.clone(),
            label: self.itext.of(group.and_then(|group| xml::child(group, "label"))),
            within: within.map(str::to_owned),
        }
    }

    fn of_bind(&self, path: &str, attribute: &str) -> Option<&str> {
        self.binds.get(path).and_then(|bind| xml::attribute(*bind, attribute))
    }

    fn question(&self, leaf: &Node, within: Option<&str>) -> Question {
        let control = self.controls.get(leaf.path.as_str()).copied();
        let expression = |attribute| self.of_bind(&leaf.path, attribute).map(str::to_owned);
        let (choices, choices_elsewhere) = control.map(|control| self.choices(control)).unwrap_or_default();
        Question {
            name: leaf.name.clone(),
            path: leaf.path.clone(),
            within: within.map(str::to_owned),
            answer_type: self.answer_type(&leaf.path, control),
            label: self.itext.of(control.and_then(|control| xml::child(control, "label"))),
            hint: self.itext.of(control.and_then(|control| xml::child(control, "hint"))),
            required: expression("required"),
            relevant: self.relevance(&leaf.path),
            constraint: expression("constraint"),
            appearance: control
                .and_then(|control| xml::attribute(control, "appearance"))
                .unwrap_or_default()
                .to_owned(),
            choices,
            choices_elsewhere,
        }
    }

    /// The relevance of the groups around a path, the outermost first, then its own.
    fn relevance(&self, path: &str) -> Vec<String> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let around = ends.filter_map(|end| path.get(..end));
        around
            .filter_map(|path| self.of_bind(path, "relevant"))
            .map(|expression| expression.trim().to_owned())
            .collect()
    }

    fn answer_type(&self, path: &str, control: Option<Xml<'_, '_>>) -> AnswerType {
        let read_only = self.of_bind(path, "readonly").is_some_and(|expression| expression.trim() == "true()");
        let calculated = self.of_bind(path, "calculate").is_some() || self.of_bind(path, "preload").is_some();
        match control.map(|control| control.tag_name().name()) {
            Some("select1") => AnswerType::SelectOne,
            Some("select" | "rank") => AnswerType::SelectMany,
            Some("upload") => AnswerType::Attachment,
            Some("input") if read_only && !calculated => AnswerType::Note,
            _ => match self.of_bind(path, "type").map(|name| name.rsplit(':').next().unwrap_or(name)) {
                Some("int" | "integer") => AnswerType::Integer,
                Some("decimal") => AnswerType::Decimal,
                Some("date") => AnswerType::Date,
                Some("time") => AnswerType::Time,
                Some("dateTime") => AnswerType::DateTime,
                Some("geopoint") => AnswerType::Geopoint,
                Some("geotrace") => AnswerType::Geotrace,
                Some("geoshape") => AnswerType::Geoshape,
                Some("binary") => AnswerType::Attachment,
                _ => AnswerType::Text,
            },
        }
    }

    /// The choices of a control, and whether they come from outside the form.
    fn choices(&self, control: Xml<'_, '_>) -> (Vec<Choice>, bool) {
        if let Some(itemset) = xml::child(control, "itemset") {
            return self.choices_of_list(itemset).map_or((Vec::new(), true), |choices| (choices, false));
        }
        let items = xml::elements(control).filter(|element| element.tag_name().name() == "item");
        let choices = items.map(|item| Choice {
            value: xml::child(item, "value").map(xml::text).unwrap_or_default(),
            label: self.itext.of(xml::child(item, "label")),
        });
        (choices.collect(), false)
    }

    /// The items of `instance('id')/root/item[…]`; a filter narrows them while the form is filled in, so it is not asked.
    fn choices_of_list(&self, itemset: Xml<'_, '_>) -> Option<Vec<Choice>> {
        let nodeset = xml::attribute(itemset, "nodeset")?;
        let (id, _) = nodeset.trim().split_once("instance('")?.1.split_once('\'')?;
        let items = self.lists.get(id)?.as_ref()?;
        let value = xml::attribute(xml::child(itemset, "value")?, "ref")?;
        let label = xml::child(itemset, "label").and_then(|label| xml::attribute(label, "ref")).unwrap_or_default();
        let by_id = label.trim().strip_prefix("jr:itext(").and_then(|label| label.strip_suffix(')'));
        let choice = |item: &BTreeMap<&str, String>| {
            let label = match by_id {
                Some(field) => item.get(field).and_then(|id| self.itext.texts.get(id)).cloned().unwrap_or_default(),
                None => item.get(label).map(|text| plain(text)).unwrap_or_default(),
            };
            Some(Choice { value: item.get(value)?.clone(), label })
        };
        Some(items.iter().filter_map(choice).collect())
    }
}
