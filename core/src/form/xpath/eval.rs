//! Expressions on documents.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::functions::{self, MOMENTARY};
use super::instance::{NodeId, Tree};
use super::tree::{Axis, Expr, From, Op, Path, Step};
use super::value::{Reader, Value};

/// Why an expression was not evaluated. Whoever asked knows no more than before: it is neither true nor false.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::form) enum Unevaluated {
    /// The expression cannot be read.
    #[error("the expression cannot be read from its {0}. character on")]
    NotRead(usize),
    /// A function that is not evaluated here.
    #[error("{0}() is not evaluated")]
    Function(String),
    /// A function was given too few, too many or the wrong arguments.
    #[error("{0}() was given the wrong arguments")]
    Arguments(String),
    /// A list that lies beside the form.
    #[error("the list {0} lies outside the form")]
    List(String),
    /// The time of filling in is asked for, and was not recorded.
    #[error("the submission does not say when it was filled in")]
    Clock,
    /// A pattern that this program's expressions cannot say, or that other engines read in another way.
    #[error("the pattern {0} is not read the same everywhere")]
    Pattern(String),
    /// Something other than nodes where nodes are wanted.
    #[error("a way goes on from what is no node")]
    NoNodes,
    /// It would take too long.
    #[error("the expression looks at too much")]
    TooMuch,
}

impl Unevaluated {
    /// Whether no program could evaluate it from the submission alone: it asks for a list that lies elsewhere, or for what was true
    /// for a moment only.
    pub(in crate::form) fn is_by_nature(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Function(name) => MOMENTARY.contains(&name.as_str()),
            _ => false,
        }
    }
}

/// Steps of one expression; what looks at more is not evaluated.
const MOST_STEPS: u32 = 2_000_000;

/// What holds for all expressions about one submission.
pub(in crate::form) struct World<'a> {
    pub(in crate::form) reader: Reader<'a>,
    /// The root of the submission.
    pub(in crate::form) root: NodeId,
    /// The paths of the repeats.
    pub(in crate::form) repeats: &'a BTreeSet<String>,
    /// Lists that lie beside the form.
    pub(in crate::form) outside: &'a BTreeSet<String>,
    /// When it was filled in.
    pub(in crate::form) clock: Option<DateTime<FixedOffset>>,
    /// How many steps were taken for the expression under way.
    pub(in crate::form) steps: std::cell::Cell<u32>,
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(in crate::form) struct Here {
    pub(in crate::form) node: NodeId,
    /// The node that the whole expression is about.
    pub(in crate::form) about: NodeId,
    pub(in crate::form) place: usize,
    pub(in crate::form) size: usize,
}

impl Here {
    pub(in crate::form) const fn at(node: NodeId) -> Self {
        Self { node, about: node, place: 1, size: 1 }
    }
}

pub(super) type Evaluated<T> = Result<T, Unevaluated>;

impl<'a> World<'a> {
    pub(in crate::form) const fn tree(&self) -> &'a Tree {
        self.reader.tree
    }

    /// Evaluates a whole expression about a node.
    pub(in crate::form) fn evaluate(&self, expr: &Expr, about: NodeId) -> Evaluated<Value> {
        self.steps.set(0);
        self.value(expr, Here::at(about))
    }

    pub(super) fn value(&self, expr: &Expr, here: Here) -> Evaluated<Value> {
        Ok(match expr {
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Negative(inner) => Value::Number(-self.number(inner, here)?),
            Expr::Call(name, arguments) => functions::call(self, name, arguments, here)?,
            Expr::Path(path) => self.path(path, here)?,
            Expr::Binary(op, left, right) => self.binary(*op, left, right, here)?,
        })
    }

    pub(super) fn number(&self, expr: &Expr, here: Here) -> Evaluated<f64> {
        Ok(self.reader.number(&self.value(expr, here)?))
    }

    pub(super) fn text(&self, expr: &Expr, here: Here) -> Evaluated<String> {
        Ok(self.reader.text(&self.value(expr, here)?))
    }

    pub(super) fn bool(&self, expr: &Expr, here: Here) -> Evaluated<bool> {
        Ok(self.reader.bool(&self.value(expr, here)?))
    }

    fn binary(&self, op: Op, left: &Expr, right: &Expr, here: Here) -> Evaluated<Value> {
        let numbers = |combine: fn(f64, f64) -> f64| {
            Ok(Value::Number(combine(self.number(left, here)?, self.number(right, here)?)))
        };
        match op {
            Op::Or => Ok(Value::Bool(self.bool(left, here)? || self.bool(right, here)?)),
            Op::And => Ok(Value::Bool(self.bool(left, here)? && self.bool(right, here)?)),
            Op::Plus => numbers(|a, b| a + b),
            Op::Minus => numbers(|a, b| a - b),
            Op::Times => numbers(|a, b| a * b),
            Op::Div => numbers(|a, b| a / b),
            Op::Mod => numbers(|a, b| a % b),
            Op::Union => {
                let mut nodes = self.nodes(left, here)?;
                nodes.extend(self.nodes(right, here)?);
                nodes.sort_unstable();
                nodes.dedup();
                Ok(Value::Nodes(nodes))
            }
            Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual | Op::More | Op::MoreOrEqual => {
                let (left, right) = (self.value(left, here)?, self.value(right, here)?);
                if let (Value::Nodes(left), Value::Nodes(right)) = (&left, &right) {
                    self.count(left.len().saturating_mul(right.len()))?;
                }
                Ok(Value::Bool(self.compare(op, &left, &right)))
            }
        }
    }

    /// Compares as XPath 1.0 does: of several nodes one is enough.
    fn compare(&self, op: Op, left: &Value, right: &Value) -> bool {
        let each = |value: &Value| match value {
            Value::Nodes(nodes) => nodes.iter().map(|node| Value::Nodes(vec![*node])).collect(),
            other => vec![other.clone()],
        };
        let is_bool = |value: &Value| matches!(value, Value::Bool(_));
        let equality = matches!(op, Op::Equal | Op::NotEqual);
        if equality && (is_bool(left) || is_bool(right)) {
            return (self.reader.bool(left) == self.reader.bool(right)) == (op == Op::Equal);
        }
        each(left).iter().any(|left| each(right).iter().any(|right| self.compare_one(op, left, right)))
    }

    fn compare_one(&self, op: Op, left: &Value, right: &Value) -> bool {
        let (read, is_number) = (&self.reader, |value: &Value| matches!(value, Value::Number(_) | Value::Date(_)));
        let (a, b) = match op {
            Op::Equal | Op::NotEqual if !is_number(left) && !is_number(right) => {
                return (read.text(left) == read.text(right)) == (op == Op::Equal);
            }
            _ => (read.number(left), read.number(right)),
        };
        match op {
            #[allow(clippy::float_cmp, reason = "as XPath compares")]
            Op::Equal => a == b,
            #[allow(clippy::float_cmp, reason = "as XPath compares")]
            Op::NotEqual => a != b,
            Op::Less => a < b,
            Op::LessOrEqual => a <= b,
            Op::More => a > b,
            _ => a >= b,
        }
    }

    /// The nodes of an expression that must come to nodes.
    pub(super) fn nodes(&self, expr: &Expr, here: Here) -> Evaluated<Vec<NodeId>> {
        match self.value(expr, here)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(Unevaluated::NoNodes),
        }
    }

    /// All nodes of a way as it is written, whatever repeat the expression is in.
    pub(super) fn nodes_everywhere(&self, expr: &Expr, here: Here) -> Evaluated<Vec<NodeId>> {
        match expr {
            Expr::Path(Path { from: From::Root, steps }) => self.walk_from_root(steps, here, false),
            other => self.nodes(other, here),
        }
    }

    fn path(&self, path: &Path, here: Here) -> Evaluated<Value> {
        if let Some((last, before)) = path.steps.split_last().filter(|(last, _)| last.axis == Axis::Attribute) {
            return self.attribute(&path.from, before, last, here);
        }
        self.way(&path.from, &path.steps, here).map(Value::Nodes)
    }

    fn attribute(&self, from: &From, before: &[Step], last: &Step, here: Here) -> Evaluated<Value> {
        let name = last.name.as_deref().unwrap_or_default();
        let nodes = self.way(from, before, here)?;
        let value = nodes.iter().find_map(|node| self.tree().attribute(*node, name));
        Ok(Value::Text(value.unwrap_or_default().to_owned()))
    }

    fn way(&self, from: &From, steps: &[Step], here: Here) -> Evaluated<Vec<NodeId>> {
        match from {
            From::Here => self.walk(vec![here.node], steps, here),
            From::Root => self.walk_from_root(steps, here, true),
            From::Of(expr, predicates) => {
                let mut nodes = self.nodes(expr, here)?;
                for predicate in predicates {
                    nodes = self.those(nodes, predicate, here)?;
                }
                self.walk(nodes, steps, here)
            }
        }
    }

    /// Walks from the root of the submission. Inside a repeat a way through that same repeat goes through the same place of
    /// it, as ODK has it.
    fn walk_from_root(&self, steps: &[Step], here: Here, in_place: bool) -> Evaluated<Vec<NodeId>> {
        let root = self.root;
        let Some((first, rest)) = steps.split_first() else { return Ok(vec![root]) };
        if first.axis == Axis::Below {
            return self.walk(self.tree().below(root), rest, here);
        }
        if first.name.as_ref().is_some_and(|name| name != self.tree().name(root)) {
            return Ok(Vec::new());
        }
        let mut nodes = vec![root];
        for (place, step) in rest.iter().enumerate() {
            nodes = self.step(nodes, step, here)?;
            let is_last = place + 1 == rest.len();
            if in_place && !is_last && step.predicates.is_empty() {
                self.stay_in_place(&mut nodes, here);
            }
        }
        Ok(nodes)
    }

    fn stay_in_place(&self, nodes: &mut Vec<NodeId>, here: Here) {
        let tree = self.tree();
        if !nodes.iter().any(|node| self.repeats.contains(tree.path(*node))) {
            return;
        }
        let mut around = Some(here.about);
        while let Some(node) = around {
            if nodes.contains(&node) {
                *nodes = vec![node];
                return;
            }
            around = tree.parent(node);
        }
    }

    fn walk(&self, mut nodes: Vec<NodeId>, steps: &[Step], here: Here) -> Evaluated<Vec<NodeId>> {
        for step in steps {
            nodes = self.step(nodes, step, here)?;
        }
        Ok(nodes)
    }

    fn step(&self, nodes: Vec<NodeId>, step: &Step, here: Here) -> Evaluated<Vec<NodeId>> {
        let mut found = Vec::new();
        for node in nodes {
            let mut next = self.along(step.axis, node);
            self.count(next.len())?;
            next.retain(|node| step.name.as_ref().is_none_or(|name| name == self.tree().name(*node)));
            for predicate in &step.predicates {
                next = self.those(next, predicate, here)?;
            }
            found.extend(next);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn along(&self, axis: Axis, node: NodeId) -> Vec<NodeId> {
        let tree = self.tree();
        let beside = |before: bool| {
            let all = tree.parent(node).map(|parent| tree.children(parent)).unwrap_or_default();
            all.iter().copied().filter(|other| if before { *other < node } else { *other > node }).collect()
        };
        let above = |from: Option<NodeId>| std::iter::successors(from, |node| tree.parent(*node)).collect();
        match axis {
            Axis::Child => tree.children(node).to_vec(),
            Axis::Parent => tree.parent(node).into_iter().collect(),
            Axis::Here => vec![node],
            Axis::Below => tree.below(node),
            Axis::Attribute => Vec::new(),
            Axis::Ancestor => above(tree.parent(node)),
            Axis::AncestorOrHere => above(Some(node)),
            Axis::Before => beside(true),
            Axis::After => beside(false),
        }
    }

    /// Those of the nodes of which a predicate holds.
    fn those(&self, nodes: Vec<NodeId>, predicate: &Expr, here: Here) -> Evaluated<Vec<NodeId>> {
        let size = nodes.len();
        self.count(size)?;
        let mut kept = Vec::new();
        for (place, node) in (1..).zip(nodes) {
            let there = Here { node, about: here.about, place, size };
            let holds = match self.value(predicate, there)? {
                #[allow(clippy::cast_precision_loss, clippy::float_cmp, reason = "places are small whole numbers")]
                Value::Number(wanted) => wanted == place as f64,
                other => self.reader.bool(&other),
            };
            if holds {
                kept.push(node);
            }
        }
        Ok(kept)
    }

    fn count(&self, steps: usize) -> Evaluated<()> {
        let taken = self.steps.get().saturating_add(u32::try_from(steps).unwrap_or(u32::MAX)).saturating_add(1);
        self.steps.set(taken);
        if taken > MOST_STEPS { Err(Unevaluated::TooMuch) } else { Ok(()) }
    }
}
