//! Which forms a station works with, and why and how long each kind of record is kept.
//!
//! A pack is a folder of data: `pack.json`, and beside it `forms/ID.xml`. One pack is built into the program; publishing
//! others, and refusing what a form must never ask, is not here yet. Pure: the folder is read by others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::error::Code;
use crate::form::{FormError, FormModel};
use crate::hash::Hash;
use crate::record::Kind;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

/// A text by language code: `zh-Hans`, `mn-Mong`, `mn-Cyrl`, `en`.
pub type Texts = BTreeMap<String, String>;

/// A pack, checked.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Its id, in ASCII.
    pub id: String,
    /// Its version; later ones are greater as text.
    pub version: String,
    /// Its name.
    pub names: Texts,
    /// Its forms, in the order they are offered.
    pub forms: Vec<Form>,
    /// The kinds of record it keeps.
    pub kinds: Vec<KindRule>,
}

/// A form of a pack.
#[derive(Clone, Debug)]
pub struct Form {
    /// What a submission of it becomes.
    pub kind: Kind,
    /// Its name.
    pub names: Texts,
    /// The XForm, for the form engine.
    pub xform: String,
    /// BLAKE3 of the XForm's bytes: tells two builds of one version apart.
    pub hash: Hash,
    /// What it asks; its id and version stand here.
    pub model: FormModel,
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
    names: Texts,
}

impl Pack {
    /// Reads a pack from the text of its `pack.json` and its XForms by id.
    ///
    /// # Errors
    /// [`PackError`] names the first fault. XForms that the manifest does not name are left aside.
    pub fn parse(manifest: &str, xforms: &BTreeMap<&str, &str>) -> Result<Self, PackError> {
        let manifest: Manifest = serde_json::from_str(manifest).map_err(PackError::Manifest)?;
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
            let xform = xforms.get(entry.id.as_str()).ok_or_else(|| PackError::FormMissing(entry.id.clone()))?;
            forms.push(Form::read(entry, xform)?);
        }
        Ok(Self { id: manifest.id, version: manifest.version, names: manifest.names, forms, kinds: manifest.kinds })
    }

    /// The form of this id.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.model.id == id)
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
        let model = FormModel::parse(xform).map_err(|source| PackError::Form { id: entry.id.clone(), source })?;
        if model.id != entry.id {
            return Err(PackError::FormMisnamed { expected: entry.id, found: model.id });
        }
        Ok(Self {
            kind: entry.kind,
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

const MANIFEST: &str = include_str!("../../../packs/anmulong/pack.json");
const XFORMS: [(&str, &str); 1] =
    [("household_visit", include_str!("../../../packs/anmulong/forms/household_visit.xml"))];

static BUILTIN: LazyLock<Result<Pack, PackError>> = LazyLock::new(|| Pack::parse(MANIFEST, &BTreeMap::from(XFORMS)));

/// The pack built into the program, read once.
///
/// # Errors
/// [`PackError`] if the program was built from a faulty pack; a test reads it, so a release never answers so.
pub fn builtin() -> Result<&'static Pack, &'static PackError> {
    BUILTIN.as_ref()
}
