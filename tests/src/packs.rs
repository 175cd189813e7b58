//! Packs as a station would publish them: the built-in one with other forms and pictures.

use std::collections::BTreeMap;

use ailchin_core::pack::{Pack, PackFiles, builtin};
use serde_json::{Value, json};

use crate::{NOW, Station};

/// A form of a pack.
#[derive(Debug)]
pub struct Offered<'a> {
    /// Its id, which stands in the XForm too.
    pub id: &'a str,
    /// What becomes of it: `visit` or `activity`.
    pub kind: &'a str,
    /// What it is about: `household`, `case` or `area`.
    pub about: &'a str,
    /// For a gathering: the question that names the households.
    pub covers: Option<&'a str>,
    /// Its name in Chinese.
    pub name: &'a str,
    /// The form itself.
    pub xform: String,
}

impl Offered<'_> {
    /// The built-in household visit, under its own version or another.
    ///
    /// # Panics
    /// Never in practice.
    #[must_use]
    pub fn household_visit(version: Option<&str>) -> Self {
        let own = builtin().unwrap().form("household_visit").unwrap();
        let its = format!("version=\"{}\"", own.model.version);
        let xform = version.map(|version| own.xform.replace(&its, &format!("version=\"{version}\"")));
        Self {
            id: "household_visit",
            kind: "visit",
            about: "household",
            covers: None,
            name: "入户走访",
            xform: xform.unwrap_or_else(|| own.xform.clone()),
        }
    }
}

/// The built-in pack with these forms and media instead of its own.
///
/// # Panics
/// If they are no pack.
#[must_use]
pub fn pack(version: &str, forms: &[Offered<'_>], media: &[(&str, Vec<u8>)]) -> Pack {
    let own = builtin().unwrap();
    let mut manifest: Value = serde_json::from_slice(own.files.get("pack.json").unwrap()).unwrap();
    manifest["version"] = version.into();
    manifest["forms"] = forms
        .iter()
        .map(|form| {
            let mut line = json!({
                "id": form.id, "kind": form.kind, "about": form.about, "names": { "zh-Hans": form.name },
            });
            if let Some(covers) = form.covers {
                line["covers"] = covers.into();
            }
            line
        })
        .collect::<Vec<_>>()
        .into();
    let mut files = BTreeMap::from([("pack.json".to_owned(), manifest.to_string().into_bytes())]);
    files.extend(forms.iter().map(|form| (format!("forms/{}.xml", form.id), form.xform.clone().into_bytes())));
    files.extend(media.iter().map(|(name, bytes)| (format!("media/{name}"), bytes.clone())));
    Pack::read(PackFiles::new(files).unwrap()).unwrap()
}

impl Station {
    /// Publishes a pack; tablets take it with their next sync.
    ///
    /// # Panics
    /// If the station refuses it.
    pub fn publishes(&self, pack: &Pack) {
        self.store().publish_pack(self.id, pack, &pack.files.to_bytes().unwrap(), NOW).unwrap();
    }
}
