//! The little XML that forms need: a document with caps, text of a node, escaping.

use roxmltree::{Document, Node, ParsingOptions};

use super::FormError;

/// Parses a document that is no longer and has no more nodes than said. DTDs are refused.
pub(super) fn document(xml: &str, max_bytes: usize, max_nodes: u32) -> Result<Document<'_>, FormError> {
    if xml.len() > max_bytes {
        return Err(FormError::TooLarge { size_bytes: xml.len(), max_bytes });
    }
    let options = ParsingOptions { nodes_limit: max_nodes, ..ParsingOptions::default() };
    Document::parse_with_options(xml, options).map_err(FormError::NotXml)
}

/// The element children of a node.
pub(super) fn elements<'a, 'x>(node: Node<'a, 'x>) -> impl Iterator<Item = Node<'a, 'x>> {
    node.children().filter(Node::is_element)
}

/// The first element child of this name, whatever its namespace.
pub(super) fn child<'a, 'x>(node: Node<'a, 'x>, name: &str) -> Option<Node<'a, 'x>> {
    elements(node).find(|element| element.tag_name().name() == name)
}

/// The attribute of this name, whatever its namespace.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}

/// The text directly inside a node, byte for byte.
pub(super) fn text(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|part| part.text()).collect()
}

/// Whether XML 1.0 can carry the text at all.
pub(super) fn can_carry(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..))
}

/// Appends text so that a parser gives it back byte for byte.
pub(super) fn escape_into(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            // A parser turns a bare carriage return into a line feed.
            '\r' => xml.push_str("&#13;"),
            other => xml.push(other),
        }
    }
}
