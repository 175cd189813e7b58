//! Why a form, a submission or answers could not be read or written.

use crate::error::Code;

/// Why a form, a submission or answers could not be read or written. No retry helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Longer than is taken.
    #[error("the document has {size_bytes} bytes, {max_bytes} are taken")]
    TooLarge {
        /// Its length.
        size_bytes: usize,
        /// The longest that is taken.
        max_bytes: usize,
    },
    /// Not well-formed XML, has a DTD, or has too many nodes.
    #[error("the document is not XML that is taken here")]
    NotXml(#[source] roxmltree::Error),
    /// An XForm without something every XForm has.
    #[error("the form has no {0}")]
    FormLacks(&'static str),
    /// Groups inside groups inside groups.
    #[error("{0} lies deeper than forms may be nested")]
    TooDeep(String),
    /// Two questions or repeats of one name: answers could not be told apart.
    #[error("two questions are called {0}")]
    NameTwice(String),
    /// The submission belongs to another form.
    #[error("the submission is of the form {found}, not {expected}")]
    OtherForm {
        /// The id of this form.
        expected: String,
        /// The id in the submission.
        found: String,
    },
    /// The submission belongs to another version of the form.
    #[error("the submission is of version {found}, not {expected}")]
    OtherVersion {
        /// The version of this form.
        expected: String,
        /// The version in the submission.
        found: String,
    },
    /// The submission does not say which one it is, or says something too long to be an id.
    #[error("the submission has no usable instanceID")]
    NoInstanceId,
    /// A node or an answer that the form does not ask for.
    #[error("the form does not ask for {0}")]
    UnknownName(String),
    /// The submission has a node twice, or text where only nodes may be.
    #[error("{0} is not as the form has it")]
    Misplaced(String),
    /// A value that is not of the question's type.
    #[error("{name} is not a value of type {expected}")]
    WrongValue {
        /// The question.
        name: String,
        /// What the form asks for, in the form's own word.
        expected: &'static str,
    },
    /// A value that is not in the question's list.
    #[error("{choice} is not a choice of {name}")]
    NotAChoice {
        /// The question.
        name: String,
        /// The value that was given.
        choice: String,
    },
    /// No answer where one is required without any condition.
    #[error("{0} must be answered")]
    Unanswered(String),
    /// A character that XML cannot carry.
    #[error("{0} holds a character that no XML document can carry")]
    NotACharacter(String),
}

impl FormError {
    /// The code for the other side of a border: answers to correct, or a document nobody can read.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownName(_)
            | Self::WrongValue { .. }
            | Self::NotAChoice { .. }
            | Self::Unanswered(_)
            | Self::NotACharacter(_) => Code::FieldWrong,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::NotXml(_)
            | Self::FormLacks(_)
            | Self::TooDeep(_)
            | Self::NameTwice(_)
            | Self::OtherForm { .. }
            | Self::OtherVersion { .. }
            | Self::NoInstanceId
            | Self::Misplaced(_) => Code::FormUnreadable,
        }
    }

    /// The question to correct, if one answer is at fault.
    #[must_use]
    pub fn question(&self) -> Option<&str> {
        match self {
            Self::UnknownName(name)
            | Self::WrongValue { name, .. }
            | Self::NotAChoice { name, .. }
            | Self::Unanswered(name)
            | Self::NotACharacter(name) => Some(name),
            _ => None,
        }
    }
}
