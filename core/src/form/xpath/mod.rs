//! XPath 1.0 with what ODK XForms adds, over a submission and the lists inside its form.
//!
//! | part | what it is |
//! |---|---|
//! | `tree`, `parse` | expressions |
//! | `instance` | the documents they walk through |
//! | `value` | what they come to |
//! | `eval` | ways, comparisons, arithmetic |
//! | `functions` | the functions that are evaluated; [`Unevaluated`] names why something is not |
//!
//! Where the standard leaves something open, this does what the form engine of the window does, so that both say the same.

mod eval;
mod functions;
mod geo;
mod instance;
mod parse;
mod tree;
mod value;

pub(super) use eval::{Unevaluated, World};
pub(super) use functions::{MOMENTARY, is_known};
pub(super) use instance::{NodeId, Tree};
pub(super) use parse::parse;
pub(super) use tree::Expr;
pub(super) use value::{Reader, SPACES, Value};
