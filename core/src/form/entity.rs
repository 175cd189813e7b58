//! What a submission says about records: the entities block (ODK Entities 2024.1, in repeats 2025.1).

use std::collections::BTreeMap;

use roxmltree::Node as Xml;
use serde::Serialize;
use serde_json::Value;

use super::xml;

/// What a submission says about one record.
#[derive(Clone, Debug, PartialEq, Serialize, Default)]
pub struct Entity {
    /// The list it is in: `household`, `person`, `case`, `task`.
    pub dataset: String,
    /// Its id: of a new one as the form made it, otherwise as the list says it.
    pub id: String,
    /// Whether it is to be made.
    pub create: bool,
    /// Whether it is to be changed. If both are said, it is made if it is not there.
    pub update: bool,
    /// How many revisions of it the officer saw.
    pub base_version: Option<u64>,
    /// How many of these the station had.
    pub trunk_version: Option<u64>,
    /// What went on from there on this tablet.
    pub branch_id: Option<String>,
    /// What it is called; empty if that does not change.
    pub label: String,
    /// Its properties that were answered.
    pub properties: BTreeMap<String, Value>,
}

impl Entity {
    pub(super) fn read(dataset: &str, node: Xml<'_, '_>) -> Self {
        let text = |name| xml::attribute(node, name).unwrap_or_default().trim();
        let is_true = |name| matches!(text(name), "1" | "true");
        Self {
            dataset: dataset.to_owned(),
            id: text("id").to_owned(),
            create: is_true("create"),
            update: is_true("update"),
            base_version: text("baseVersion").parse().ok(),
            trunk_version: text("trunkVersion").parse().ok(),
            branch_id: Some(text("branchId")).filter(|branch| !branch.is_empty()).map(str::to_owned),
            label: xml::child(node, "label").map(xml::text).unwrap_or_default(),
            properties: BTreeMap::new(),
        }
    }
}
