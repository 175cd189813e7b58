//! The documents that expressions walk through: a submission laid over its form's instance, and the lists inside the form.

use std::collections::BTreeMap;

use roxmltree::Node as Xml;

use crate::form::{MAX_DEPTH, xml};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::form) struct NodeId(u32);

#[derive(Debug)]
struct Node {
    name: String,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    text: String,
    attributes: Vec<(String, String)>,
    /// The path in the form, without places of repeats; empty outside the submission.
    path: String,
}

/// All documents, in one place.
#[derive(Debug, Default)]
pub(in crate::form) struct Tree {
    nodes: Vec<Node>,
    /// The roots of the lists inside the form, by id.
    pub(in crate::form) lists: BTreeMap<String, NodeId>,
}

impl Tree {
    pub(in crate::form) fn add(&mut self, parent: Option<NodeId>, name: &str, path: String) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            text: String::new(),
            attributes: Vec::new(),
            path,
        });
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent.0 as usize)) {
            parent.children.push(id);
        }
        id
    }

    /// Adds a document as it is, as deep as forms may be.
    pub(in crate::form) fn add_xml(&mut self, parent: Option<NodeId>, node: Xml<'_, '_>, depth: usize) -> NodeId {
        let id = self.add(parent, node.tag_name().name(), String::new());
        let text = xml::text(node);
        let attributes = node.attributes().map(|one| (one.name().to_owned(), one.value().to_owned())).collect();
        if let Some(node) = self.nodes.get_mut(id.0 as usize) {
            node.text = text;
            node.attributes = attributes;
        }
        for child in xml::elements(node).filter(|_| depth < MAX_DEPTH) {
            self.add_xml(Some(id), child, depth + 1);
        }
        id
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    pub(in crate::form) fn set_text(&mut self, id: NodeId, text: String) {
        if let Some(node) = self.nodes.get_mut(id.0 as usize) {
            node.text = text;
        }
    }

    pub(in crate::form) fn name(&self, id: NodeId) -> &str {
        self.node(id).map_or("", |node| &node.name)
    }

    pub(in crate::form) fn path(&self, id: NodeId) -> &str {
        self.node(id).map_or("", |node| &node.path)
    }

    pub(in crate::form) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id)?.parent
    }

    pub(in crate::form) fn children(&self, id: NodeId) -> &[NodeId] {
        self.node(id).map_or(&[], |node| &node.children)
    }

    pub(in crate::form) fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        let attributes = &self.node(id)?.attributes;
        attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The own text, or that of everything below.
    pub(in crate::form) fn string_of(&self, id: NodeId) -> String {
        let Some(node) = self.node(id) else { return String::new() };
        if node.children.is_empty() {
            return node.text.clone();
        }
        self.below(id).iter().filter_map(|below| self.node(*below)).map(|node| node.text.as_str()).collect()
    }

    /// A node and everything below it, in the order of the document.
    pub(in crate::form) fn below(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = vec![id];
        let mut at = 0;
        // Nodes are added parents first and in order, so sorting by number gives the order of the document.
        while let Some(next) = all.get(at).copied() {
            all.extend(self.children(next));
            at += 1;
        }
        all.sort_unstable();
        all
    }

    /// The place among nodes of the same name beside it, from 1 on.
    pub(in crate::form) fn place(&self, id: NodeId) -> usize {
        let Some(parent) = self.parent(id) else { return 1 };
        let same = self.children(parent).iter().filter(|other| self.name(**other) == self.name(id));
        same.take_while(|other| **other != id).count() + 1
    }
}
