//! Which forms a station works with, and why and how long each kind of record is kept.
//!
//! A pack is a set of files: `pack.json`, `forms/ID.xml`, `media/NAME` ([`PackFiles`]). Its hash says its whole content, so what was
//! published never changes. One pack is built into the program ([`builtin()`]). Pure: folders are read by others.

mod builtin;
mod files;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Code;
use crate::form::{FormError, FormModel};
use crate::hash::Hash;
use crate::record::Kind;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use builtin::builtin;
pub use files::{MAX_PACK_BYTES, MAX_PACK_FILES, PackFiles};

/// A text by language code: `zh-Hans`, `mn-Mong`, `mn-Cyrl`, `en`.
pub type Texts = BTreeMap<String, String>;

/// A pack, checked.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Says its whole content.
    pub hash: Hash,
    /// Its id, in ASCII.
    pub id: String,
    /// Its version; later ones are greater as text.
    pub version: String,
    /// Its name.
    pub names: Texts,
    /// Its forms, in the order they are offered.
    pub forms: Vec<Arc<Form>>,
    /// The kinds of record it keeps.
    pub kinds: Vec<KindRule>,
    /// Its files, what forms show and choose from among them.
    pub files: PackFiles,
}

/// A form of a pack.
#[derive(Clone, Debug)]
pub struct Form {
    /// What a submission of it becomes: a visit or an activity.
    pub kind: Kind,
    /// What has to be chosen before it is begun.
    pub about: About,
    /// For a gathering: the question in a repeat whose answers are the households that came; each gets a visit.
    pub covers: Option<String>,
    /// Its name.
    pub names: Texts,
    /// The XForm, for the form engine.
    pub xform: String,
    /// BLAKE3 of the XForm's bytes: tells two builds of one version apart.
    pub hash: Hash,
    /// What it asks; its id and version stand here.
    pub model: FormModel,
}

/// What a form is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum About {
    /// One household.
    Household,
    /// One case.
    Case,
    /// An area, and nobody in particular.
    Area,
}

impl About {
    /// The word in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Case => "case",
            Self::Area => "area",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        [Self::Household, Self::Case, Self::Area].into_iter().find(|about| about.as_str() == text)
    }
}

/// Why and how long records of a kind are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRule {
    /// The kind.
    pub kind: Kind,
    /// What its records are kept for.
    pub purpose: Texts,
    /// Months after its last revision until a record is erased; `None` for a kind that says nothing about a person.
    pub retention_months: Option<u16>,
}

/// Why a pack cannot be used. No retry helps.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not the bytes of a pack, or not the pack that was named.
    #[error("the pack's bytes cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is another pack than this one.
    #[error("it is not the pack {0}")]
    Other(Hash),
    /// More files, or more bytes, than a pack may have.
    #[error("the pack is larger than packs may be")]
    TooLarge,
    /// A file that no pack has, or a name with more than one folder.
    #[error("a pack has no file {0}")]
    Stranger(String),
    /// `pack.json` is not JSON, lacks something, or has a key nobody knows.
    #[error("pack.json cannot be read")]
    Manifest(#[source] serde_json::Error),
    /// A form that `pack.json` names is not in the folder.
    #[error("the form {0} is missing")]
    FormMissing(String),
    /// A form cannot be read.
    #[error("the form {id} cannot be read")]
    Form {
        /// The form.
        id: String,
        /// Why.
        #[source]
        source: FormError,
    },
    /// A form's own id is not the one `pack.json` names.
    #[error("the form {expected} calls itself {found}")]
    FormMisnamed {
        /// The id in `pack.json`.
        expected: String,
        /// The id in the XForm.
        found: String,
    },
    /// Two forms, or two rules for a kind, of one name.
    #[error("{0} is there twice")]
    Twice(String),
    /// A form becomes something else than a visit or an activity, or a visit that is not about a household, or covers households
    /// by a question that is in no repeat.
    #[error("the form {0} cannot become what the pack says")]
    Becomes(String),
    /// A form makes records of a kind without purpose and retention.
    #[error("the pack does not say why and how long {0} is kept")]
    KindWithoutRule(String),
    /// A form, kind or the pack itself without a Chinese name or purpose.
    #[error("{0} has no text in zh-Hans")]
    TextMissing(String),
}

impl PackError {
    /// The code for the other side of a border.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::FormUnreadable
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    id: String,
    version: String,
    names: Texts,
    forms: Vec<FormEntry>,
    kinds: Vec<KindRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormEntry {
    id: String,
    kind: Kind,
    about: About,
    #[serde(default)]
    covers: Option<String>,
    names: Texts,
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// [`PackError`] names the first fault. Forms that the manifest does not name are left aside.
    pub fn read(files: PackFiles) -> Result<Self, PackError> {
        let text = |name: &str| files.get(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let manifest: Manifest = serde_json::from_str(text("pack.json").unwrap_or("")).map_err(PackError::Manifest)?;
        has_text(&manifest.id, &manifest.names)?;
        all_different(manifest.kinds.iter().map(|rule| rule.kind.as_str()))?;
        all_different(manifest.forms.iter().map(|form| form.id.as_str()))?;
        for rule in &manifest.kinds {
            has_text(rule.kind.as_str(), &rule.purpose)?;
        }
        let mut forms = Vec::with_capacity(manifest.forms.len());
        for entry in manifest.forms {
            if !manifest.kinds.iter().any(|rule| rule.kind == entry.kind) {
                return Err(PackError::KindWithoutRule(entry.kind.as_str().to_owned()));
            }
            let xform = text(&format!("forms/{}.xml", entry.id));
            let xform = xform.ok_or_else(|| PackError::FormMissing(entry.id.clone()))?;
            forms.push(Arc::new(Form::read(entry, xform)?));
        }
        let hash = files.hash();
        Ok(Self {
            hash,
            id: manifest.id,
            version: manifest.version,
            names: manifest.names,
            forms,
            kinds: manifest.kinds,
            files,
        })
    }

    /// The form of this id.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&Arc<Form>> {
        self.forms.iter().find(|form| form.model.id == id)
    }

    /// What the forms show and choose from by this name: an image, a list.
    #[must_use]
    pub fn media(&self, name: &str) -> Option<&[u8]> {
        self.files.get(&format!("media/{name}"))
    }

    /// Why and how long records of this kind are kept.
    #[must_use]
    pub fn rule(&self, kind: &Kind) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind == *kind)
    }
}

impl Form {
    fn read(entry: FormEntry, xform: &str) -> Result<Self, PackError> {
        has_text(&entry.id, &entry.names)?;
        if !(entry.kind.is_a_submission() && (entry.kind != Kind::Visit || entry.about == About::Household)) {
            return Err(PackError::Becomes(entry.id));
        }
        let model = FormModel::parse(xform).map_err(|source| PackError::Form { id: entry.id.clone(), source })?;
        if model.id != entry.id {
            return Err(PackError::FormMisnamed { expected: entry.id, found: model.id });
        }
        let in_a_repeat = |name: &String| model.question(name).is_some_and(|question| question.within.is_some());
        if entry.covers.as_ref().is_some_and(|covers| !in_a_repeat(covers)) {
            return Err(PackError::Becomes(entry.id));
        }
        Ok(Self {
            kind: entry.kind,
            about: entry.about,
            covers: entry.covers,
            names: entry.names,
            xform: xform.to_owned(),
            hash: Hash::of(xform.as_bytes()),
            model,
        })
    }
}

fn has_text(what: &str, texts: &Texts) -> Result<(), PackError> {
    let filled = texts.get("zh-Hans").is_some_and(|text| !text.is_empty());
    if filled { Ok(()) } else { Err(PackError::TextMissing(what.to_owned())) }
}

fn all_different<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), PackError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PackError::Twice(name.to_owned()));
        }
    }
    Ok(())
}
