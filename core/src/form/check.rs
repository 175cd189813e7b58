//! Whether a submission is what its form lets be said: checked once more without the engine that filled it in.
//!
//! Nothing is passed that was not evaluated: what cannot be evaluated is told as unchecked, with the reason.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::FixedOffset;
use roxmltree::Node as Xml;
use serde::Serialize;

use super::rules::{Bind, Choices, ChoicesFrom, FormRules, Rule, Template};
use super::xpath::{MOMENTARY, NodeId, Reader, SPACES, Tree, Unevaluated, World};
use super::{FormError, MAX_SUBMISSION_BYTES, MAX_SUBMISSION_NODES, value, xml};
use crate::form::AnswerType;

/// What was found in a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Default)]
pub struct Findings {
    /// The form's id …
    pub form: String,
    /// … and version, as the form says them.
    pub version: String,
    /// The submission's own id; empty if it has none.
    pub instance: String,
    /// How many rules were evaluated.
    pub checked: u32,
    /// Rules that do not hold.
    pub violations: Vec<Violation>,
    /// Calculated values that come out in another way.
    pub differs: Vec<Difference>,
    /// Rules that were not evaluated.
    pub unchecked: Vec<Unchecked>,
}

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where, with the place in each repeat: `/data/herd[2]/sheep`.
    #[serde(rename = "ref")]
    pub at: String,
    /// Which.
    pub rule: RuleKind,
}

/// A calculated value that comes out in another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where.
    #[serde(rename = "ref")]
    pub at: String,
    /// What the submission says.
    pub recorded: String,
    /// What comes out.
    pub recomputed: String,
}

/// A rule that was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    /// Where.
    #[serde(rename = "ref")]
    pub at: String,
    /// Which.
    pub rule: RuleKind,
    /// Why.
    pub why: String,
    /// Whether no program could have evaluated it from the submission alone.
    #[serde(skip)]
    pub by_nature: bool,
}

/// What a form can demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// The submission is of this form and version.
    Form,
    /// The form has this place.
    Known,
    /// A value only where the question is asked.
    Relevant,
    /// An answer where one must be given.
    Required,
    /// A value of the type.
    Type,
    /// A value that the form lets be said.
    Constraint,
    /// A value of the list.
    Choice,
    /// A calculated value.
    Calculate,
}

impl FormRules {
    /// Checks a submission, of this form or of any other.
    ///
    /// # Errors
    /// [`FormError`] only for a document that is too large or not XML.
    pub fn check(&self, submission: &str) -> Result<Findings, FormError> {
        let document = xml::document(submission, MAX_SUBMISSION_BYTES, MAX_SUBMISSION_NODES)?;
        let mut findings = Findings { form: self.id.clone(), version: self.version.clone(), ..Findings::default() };
        let mut tree = Tree::default();
        let mut laying = Laying { rules: self, tree: &mut tree, findings: &mut findings };
        let root = laying.root(document.root_element());
        self.add_lists(&mut tree)?;
        let clock = self.clock(&tree, root);
        let offset = clock.map_or_else(station_offset, |at| *at.offset());
        let world = World {
            reader: Reader { tree: &tree, offset },
            root,
            repeats: &self.repeats,
            outside: &self.outside,
            clock,
            steps: Cell::new(0),
        };
        let mut checking = Checking { rules: self, world, findings: &mut findings, asked: BTreeMap::new() };
        checking.node(root);
        Ok(findings)
    }

    /// When it was filled in: its end, else its beginning.
    fn clock(&self, tree: &Tree, root: NodeId) -> Option<chrono::DateTime<FixedOffset>> {
        let at = |path: &Option<String>| {
            let path = path.as_ref()?;
            let node = tree.below(root).into_iter().find(|node| tree.path(*node) == path)?;
            chrono::DateTime::parse_from_rfc3339(tree.string_of(node).trim_matches(SPACES)).ok()
        };
        at(&self.ended).or_else(|| at(&self.started))
    }
}

fn station_offset() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc))
}

/// Lays a submission over the form's instance: what it leaves out is empty there, what the form has not is told.
struct Laying<'l> {
    rules: &'l FormRules,
    tree: &'l mut Tree,
    findings: &'l mut Findings,
}

impl Laying<'_> {
    fn root(&mut self, node: Xml<'_, '_>) -> NodeId {
        let template = &self.rules.template;
        let is = |name, ours: &str| xml::attribute(node, name).unwrap_or_default() == ours;
        if node.tag_name().name() != template.name || !is("id", &self.rules.id) || !is("version", &self.rules.version) {
            self.tell(template.path.clone(), RuleKind::Form);
        }
        let root = self.tree.add(None, &template.name, template.path.clone());
        self.children(root, Some(node), template, &template.path);
        root
    }

    fn tell(&mut self, at: String, rule: RuleKind) {
        self.findings.violations.push(Violation { at, rule });
    }

    fn children(&mut self, parent: NodeId, node: Option<Xml<'_, '_>>, template: &Template, at: &str) {
        for place in &template.children {
            let mut found = node.map(|node| named(node, &place.name)).unwrap_or_default();
            if place.name == "meta" && self.findings.instance.is_empty() {
                let id = found.first().and_then(|meta| xml::child(*meta, "instanceID")).map(xml::text);
                self.findings.instance = id.unwrap_or_default();
            }
            if self.rules.repeats.contains(&place.path) {
                for (number, one) in (1..).zip(found) {
                    self.place(parent, Some(one), place, &format!("{at}/{}[{number}]", place.name));
                }
                continue;
            }
            for extra in found.drain(1.min(found.len())..) {
                let name = extra.tag_name().name().to_owned();
                self.tell(format!("{at}/{name}"), RuleKind::Known);
            }
            self.place(parent, found.pop(), place, &format!("{at}/{}", place.name));
        }
        let known = |name: &str| template.children.iter().any(|place| place.name == name);
        for element in node.into_iter().flat_map(xml::elements) {
            let name = element.tag_name().name();
            // What programs add about a submission is not the form's.
            let about = template.name == "meta" || (name == "meta" && template.path == self.rules.template.path);
            if !about && !known(name) {
                self.tell(format!("{at}/{name}"), RuleKind::Known);
            }
        }
    }

    fn place(&mut self, parent: NodeId, node: Option<Xml<'_, '_>>, template: &Template, at: &str) {
        let id = self.tree.add(Some(parent), &template.name, template.path.clone());
        if template.children.is_empty() {
            self.tree.set_text(id, node.map(xml::text).unwrap_or_default());
        } else {
            self.children(id, node, template, at);
        }
    }
}

fn named<'a, 'x>(node: Xml<'a, 'x>, name: &str) -> Vec<Xml<'a, 'x>> {
    xml::elements(node).filter(|element| element.tag_name().name() == name).collect()
}

/// Whether a question is asked at all.
#[derive(Clone)]
enum Asked {
    Yes,
    No,
    Unknown(Why),
}

/// Why something was not evaluated.
#[derive(Clone)]
struct Why {
    text: String,
    by_nature: bool,
}

impl From<Unevaluated> for Why {
    fn from(why: Unevaluated) -> Self {
        Self { text: why.to_string(), by_nature: why.is_by_nature() }
    }
}

struct Checking<'c> {
    rules: &'c FormRules,
    world: World<'c>,
    findings: &'c mut Findings,
    asked: BTreeMap<NodeId, Asked>,
}

impl<'c> Checking<'c> {
    fn node(&mut self, node: NodeId) {
        let tree = self.world.tree();
        let bind = self.rules.binds.get(tree.path(node));
        let asked = self.is_asked(node, bind);
        self.asked.insert(node, asked.clone());
        if tree.children(node).is_empty() {
            self.leaf(node, bind, &asked);
        }
        for child in tree.children(node) {
            self.node(*child);
        }
    }

    /// What is around it is known already.
    fn is_asked(&mut self, node: NodeId, bind: Option<&Bind>) -> Asked {
        match self.world.tree().parent(node).and_then(|parent| self.asked.get(&parent)) {
            Some(Asked::No) => return Asked::No,
            Some(unknown @ Asked::Unknown(_)) => return unknown.clone(),
            _ => {}
        }
        let Some(rule) = bind.and_then(|bind| bind.relevant.as_ref()) else { return Asked::Yes };
        match self.holds(rule, node) {
            Ok(true) => Asked::Yes,
            Ok(false) => Asked::No,
            Err(why) => {
                let why = Why::from(why);
                self.unchecked(node, RuleKind::Relevant, &why);
                Asked::Unknown(why)
            }
        }
    }

    fn leaf(&mut self, node: NodeId, bind: Option<&'c Bind>, asked: &Asked) {
        let text = self.world.tree().string_of(node);
        match asked {
            Asked::Yes => {}
            Asked::No => {
                self.findings.checked += 1;
                // What a form calculates or prints where it is not asked says nothing.
                if !text.is_empty() && self.is_answer(node, bind) {
                    self.violation(node, RuleKind::Relevant);
                }
                return;
            }
            Asked::Unknown(why) => {
                let rules = self.rules_of(node, bind);
                rules.into_iter().for_each(|rule| self.unchecked(node, rule, why));
                return;
            }
        }
        let Some(bind) = bind else { return self.choice(node, &text) };
        if text.is_empty() {
            self.rule(node, bind.required.as_ref(), RuleKind::Required, |required| !required);
        } else {
            self.data_type(node, bind, &text);
            self.rule(node, bind.constraint.as_ref(), RuleKind::Constraint, |holds| holds);
            self.choice(node, &text);
        }
        self.calculate(node, bind, text);
    }

    fn is_answer(&self, node: NodeId, bind: Option<&Bind>) -> bool {
        let path = self.world.tree().path(node);
        let default = default_of(&self.rules.template, path);
        bind.is_none_or(|bind| bind.calculate.is_none()) && self.world.tree().string_of(node) != default
    }

    /// The rules that stand about a place.
    fn rules_of(&self, node: NodeId, bind: Option<&Bind>) -> Vec<RuleKind> {
        let choice = self.rules.choices.contains_key(self.world.tree().path(node));
        let mut rules = Vec::new();
        if let Some(bind) = bind {
            rules.extend(bind.required.as_ref().map(|_| RuleKind::Required));
            rules.extend(bind.constraint.as_ref().map(|_| RuleKind::Constraint));
            rules.extend(bind.calculate.as_ref().map(|_| RuleKind::Calculate));
        }
        rules.extend(choice.then_some(RuleKind::Choice));
        rules
    }

    fn rule(&mut self, node: NodeId, rule: Option<&Rule>, kind: RuleKind, is_right: impl Fn(bool) -> bool) {
        let Some(rule) = rule else { return };
        match self.holds(rule, node) {
            Ok(holds) if is_right(holds) => {}
            Ok(_) => self.violation(node, kind),
            Err(why) => self.unchecked(node, kind, &why.into()),
        }
    }

    fn holds(&mut self, rule: &Rule, node: NodeId) -> Result<bool, Unevaluated> {
        let expr = rule.as_ref().map_err(|at| Unevaluated::NotRead(*at))?;
        let holds = self.world.reader.bool(&self.world.evaluate(expr, node)?);
        self.findings.checked += 1;
        Ok(holds)
    }

    fn data_type(&mut self, node: NodeId, bind: &Bind, text: &str) {
        let answer_type = match bind.data_type.as_str() {
            "int" | "integer" => AnswerType::Integer,
            "decimal" => AnswerType::Decimal,
            "date" => AnswerType::Date,
            "time" => AnswerType::Time,
            "dateTime" => AnswerType::DateTime,
            "geopoint" => AnswerType::Geopoint,
            "geotrace" => AnswerType::Geotrace,
            "geoshape" => AnswerType::Geoshape,
            _ => return,
        };
        self.findings.checked += 1;
        if value::from_text(answer_type, text).is_none() {
            self.violation(node, RuleKind::Type);
        }
    }

    fn choice(&mut self, node: NodeId, text: &str) {
        let Some(choices) = self.rules.choices.get(self.world.tree().path(node)).filter(|_| !text.is_empty()) else {
            return;
        };
        match self.choices_at(node, choices) {
            Ok(known) => {
                self.findings.checked += 1;
                let chosen: Vec<&str> = match choices.many {
                    true => text.split(SPACES).filter(|word| !word.is_empty()).collect(),
                    false => vec![text],
                };
                if chosen.iter().any(|one| !known.contains(*one)) {
                    self.violation(node, RuleKind::Choice);
                }
            }
            Err(why) => self.unchecked(node, RuleKind::Choice, &why.into()),
        }
    }

    fn choices_at(&self, node: NodeId, choices: &Choices) -> Result<BTreeSet<String>, Unevaluated> {
        let (rule, value) = match &choices.from {
            ChoicesFrom::Here(known) => return Ok(known.clone()),
            ChoicesFrom::Nodes(rule, value) => (rule, value),
        };
        let expr = rule.as_ref().map_err(|at| Unevaluated::NotRead(*at))?;
        let super::xpath::Value::Nodes(items) = self.world.evaluate(expr, node)? else {
            return Err(Unevaluated::NoNodes);
        };
        let tree = self.world.tree();
        // `.` and `name` are all that forms write there.
        let value_of = |item: &NodeId| match value.as_str() {
            "." => Some(tree.string_of(*item)),
            name => {
                tree.children(*item).iter().find(|child| tree.name(**child) == name).map(|one| tree.string_of(*one))
            }
        };
        Ok(items.iter().filter_map(value_of).collect())
    }

    fn calculate(&mut self, node: NodeId, bind: &Bind, recorded: String) {
        let Some(rule) = bind.calculate.as_ref() else { return };
        let recomputed = match rule {
            Err(at) => Err(Unevaluated::NotRead(*at)),
            Ok(expr) => match moment(expr) {
                Some(function) => Err(Unevaluated::Function(function)),
                None => self.world.evaluate(expr, node),
            },
        };
        match recomputed {
            Ok(value) => {
                self.findings.checked += 1;
                let recomputed = written(&self.world.reader, &value);
                if !is_same(&recorded, &recomputed) {
                    let at = self.at(node);
                    self.findings.differs.push(Difference { at, recorded, recomputed });
                }
            }
            Err(why) => self.unchecked(node, RuleKind::Calculate, &why.into()),
        }
    }

    fn violation(&mut self, node: NodeId, rule: RuleKind) {
        let at = self.at(node);
        self.findings.violations.push(Violation { at, rule });
    }

    fn unchecked(&mut self, node: NodeId, rule: RuleKind, why: &Why) {
        let at = self.at(node);
        let Why { text: why, by_nature } = why.clone();
        self.findings.unchecked.push(Unchecked { at, rule, why, by_nature });
    }

    /// The path of a node, with its place in each repeat.
    fn at(&self, node: NodeId) -> String {
        let tree = self.world.tree();
        let around: Vec<NodeId> = std::iter::successors(Some(node), |node| tree.parent(*node)).collect();
        let part = |node: &NodeId| match self.rules.repeats.contains(tree.path(*node)) {
            true => format!("/{}[{}]", tree.name(*node), tree.place(*node)),
            false => format!("/{}", tree.name(*node)),
        };
        around.iter().rev().map(part).collect()
    }
}

/// A value as a form writes it into the submission: nothing for what is no number and no date.
fn written(reader: &Reader<'_>, value: &super::xpath::Value) -> String {
    use super::xpath::Value;
    match value {
        Value::Number(number) if number.is_nan() => String::new(),
        Value::Date(None) => String::new(),
        other => reader.text(other),
    }
}

/// Whether two texts say the same: the same text, or the same number up to the last places of a float.
fn is_same(recorded: &str, recomputed: &str) -> bool {
    // What some engines write where there is no number or date.
    let nothing = |text: &str| matches!(text, "" | "NaN" | "Invalid Date");
    if recorded == recomputed || (nothing(recorded) && nothing(recomputed)) {
        return true;
    }
    match (recorded.parse::<f64>(), recomputed.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => false,
    }
}

/// A function in it whose value was another one every moment.
fn moment(expr: &super::xpath::Expr) -> Option<String> {
    let mut found = None;
    expr.functions(&mut |name| {
        if MOMENTARY.contains(&name) {
            found = Some(name.to_owned());
        }
    });
    found
}

fn default_of<'t>(template: &'t Template, path: &str) -> &'t str {
    if template.path == path {
        return &template.default;
    }
    let leads = |child: &&Template| {
        path.strip_prefix(&*child.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    template.children.iter().find(leads).map_or("", |child| default_of(child, path))
}
