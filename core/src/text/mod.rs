//! Folding for search and for lists: how a name, a phone number or a camp becomes tokens, how an officer's typing
//! becomes an FTS5 expression, and in which order names stand.
//!
//! It does not know the replica's tables, ranks nothing, and keeps no state: three functions of their arguments.
//!
//! - [`index_tokens`] is stored in an FTS5 column with `tokenize = 'unicode61 remove_diacritics 0'` and full detail
//!   (phrases need positions). Every token is letters and digits that this tokenizer leaves as they are.
//! - [`match_expression`] is a complete FTS5 expression, so a caller may put a column filter in front of it in brackets.
//! - [`sort_key`] is compared bytewise (`COLLATE BINARY`).
//!
//! What finds what: `巴特` (any two neighbouring characters), `bate`, `teer`, `bte`, the last four digits of a phone,
//! traditional Mongolian with look-alike letters mixed up, Cyrillic with or without its dots, and Latin letters for
//! both Mongolian scripts. What does not: simplified typing for a name stored in traditional Chinese characters,
//! full pinyin mixed with initials inside one word, typing errors in general.

mod cyrillic;
mod digits;
mod han;
mod index;
mod latin;
mod living;
mod mongolian;
mod order;
mod query;
mod readings;
mod runs;
mod tokens;

pub use index::index_tokens;
pub use order::sort_key;
pub use query::match_expression;

/// Letters of one word that count; what follows is neither indexed nor searched.
const WORD_LETTERS: usize = 64;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
