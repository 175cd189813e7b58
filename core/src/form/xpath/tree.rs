//! What an expression says, as a tree.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::form) enum Expr {
    Text(String),
    Number(f64),
    Binary(Op, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Call(String, Vec<Expr>),
    Path(Path),
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::form) enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Plus,
    Minus,
    Times,
    Div,
    Mod,
    Union,
}

/// A way through a document.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::form) struct Path {
    pub(in crate::form) from: From,
    pub(in crate::form) steps: Vec<Step>,
}

/// Where a way begins.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::form) enum From {
    /// At the node that is asked about.
    Here,
    /// At the root of its document.
    Root,
    /// At the nodes of an expression, of which these predicates hold.
    Of(Box<Expr>, Vec<Expr>),
}

/// One step of a way.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::form) struct Step {
    pub(in crate::form) axis: Axis,
    /// The name that is wanted; `None`: any.
    pub(in crate::form) name: Option<String>,
    pub(in crate::form) predicates: Vec<Expr>,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::form) enum Axis {
    Child,
    Parent,
    Here,
    Below,
    Attribute,
    Ancestor,
    AncestorOrHere,
    Before,
    After,
}

impl Expr {
    /// Calls `each` with the name of every function in it.
    pub(in crate::form) fn functions(&self, each: &mut dyn FnMut(&str)) {
        match self {
            Self::Text(_) | Self::Number(_) => {}
            Self::Negative(inner) => inner.functions(each),
            Self::Binary(_, left, right) => {
                left.functions(each);
                right.functions(each);
            }
            Self::Call(name, arguments) => {
                each(name);
                arguments.iter().for_each(|argument| argument.functions(each));
            }
            Self::Path(path) => {
                if let From::Of(inner, predicates) = &path.from {
                    inner.functions(each);
                    predicates.iter().for_each(|predicate| predicate.functions(each));
                }
                path.steps.iter().flat_map(|step| &step.predicates).for_each(|predicate| predicate.functions(each));
            }
        }
    }
}
