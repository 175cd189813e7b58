//! Holds index and query together in a real FTS5 table.

use super::{index_tokens, match_expression, sort_key};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rusqlite::Connection;

/// An FTS5 table as the replica has it.
struct Table(Connection);

impl Table {
    fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE VIRTUAL TABLE search USING fts5(tokens, tokenize = 'unicode61 remove_diacritics 0');
                 CREATE VIRTUAL TABLE terms USING fts5vocab(search, 'instance');",
            )
            .unwrap();
        Self(connection)
    }

    fn holding(text: &str) -> Self {
        let table = Self::new();
        table.add(&index_tokens(text));
        table
    }

    fn add(&self, tokens: &str) {
        self.0.execute("INSERT INTO search (tokens) VALUES (?1)", [tokens]).unwrap();
    }

    /// The tokens of the first row as SQLite understood them.
    fn terms(&self) -> Vec<String> {
        let mut statement = self.0.prepare("SELECT term FROM terms WHERE doc = 1 ORDER BY offset").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn count(&self, query: &str) -> rusqlite::Result<i64> {
        let Some(expression) = match_expression(query) else { return Ok(0) };
        self.0.query_row("SELECT count(*) FROM search WHERE search MATCH ?1", [expression], |row| row.get(0))
    }
}

#[track_caller]
fn finds(text: &str, query: &str) {
    let found = Table::holding(text).count(query).unwrap();
    assert_eq!(found, 1, "{query:?} -> {:?} in {:?}", match_expression(query), index_tokens(text));
}

#[track_caller]
fn misses(text: &str, query: &str) {
    assert_eq!(Table::holding(text).count(query).unwrap(), 0, "{query:?} -> {:?}", match_expression(query));
}

#[track_caller]
fn survives(text: &str) {
    let tokens = index_tokens(text);
    let expected: Vec<_> = tokens.split_whitespace().collect();
    assert_eq!(expected.join(" "), tokens);
    let table = Table::new();
    table.add(&tokens);
    assert_eq!(table.terms(), expected);
}

#[test]
fn a_name_in_han_characters_becomes_characters_then_pinyin_and_initials() {
    assert_eq!(index_tokens("巴特尔"), "巴 特 尔 bateer bte teer te er");
}

#[test]
fn characters_of_neighbouring_runs_stay_neighbours() {
    assert_eq!(index_tokens("张 伟"), "张 伟 zhang wei");
    finds("张 伟", "张伟");
    finds("阿拉坦·其其格", "alatanqiqige");
}

#[test]
fn two_characters_one_syllable_or_the_initials_find_a_name() {
    for query in ["巴特", "特尔", "尔", "bate", "ba te er", "teer", "bte", "te", "BTE", "巴te", "ｂａｔｅ"] {
        finds("巴特尔", query);
    }
    for query in ["巴尔", "尔特", "bateerr", "ber", "巴su"] {
        misses("巴特尔", query);
    }
}

#[test]
fn every_living_reading_of_a_character_is_found() {
    for (name, queries) in [
        ("单玉兰", ["shanyulan", "danyulan", "syl", "dyl"]),
        ("曾海", ["zenghai", "cenghai", "zh", "ch"]),
        ("长乐", ["changle", "zhangyue", "cl", "zy"]),
        ("吕行", ["lvxing", "luhang", "lx", "lh"]),
        ("女", ["nv", "nu", "n", "nü"]),
    ] {
        for query in queries {
            finds(name, query);
        }
    }
}

#[test]
fn readings_of_one_run_are_bounded_to_eight_combinations_and_twelve_syllables() {
    let tokens = index_tokens(&"长乐".repeat(20));
    let longest = tokens.split(' ').map(str::len).max().unwrap();
    assert!(longest <= 12 * "zhang".len(), "{longest}");
    assert!(tokens.split(' ').count() <= 40 + 12 * 8 * 2, "{tokens}");
}

#[test]
fn a_phone_number_is_found_by_its_beginning_and_its_last_digits_however_it_was_written() {
    for written in ["13800471234", "138 0047 1234", "138-0047-1234", "+86 13800471234", "８６13800471234"] {
        for query in ["138", "1234", "00471234", "13800471234", "138 0047 1234", "+86 138 0047 1234", "8613800471234"] {
            finds(written, query);
        }
        misses(written, "4321");
    }
    finds("3组 13800471234", "13800471234");
    finds("13800471234 13900475678", "5678");
    finds("2026 001 5", "2026 001");
}

#[test]
fn mongolian_is_found_with_look_alike_letters_and_in_latin() {
    let bagatur = "ᠪᠠᠭᠠᠲᠤᠷ";
    assert_eq!(index_tokens(bagatur), "ᠪᠠᠬᠠᠲᠤᠷ bagatur");
    for query in [bagatur, "ᠪᠠᠬᠠᠳᠦᠷ", "ᠪᠡᠭᠡ", "bagatur", "bagat"] {
        finds(bagatur, query);
    }
    assert_eq!(index_tokens("ᠴᠡᠴᠡᠭ"), "ᠴᠠᠴᠠᠬ ceceg checheg");
    assert_eq!(index_tokens("ᠬᠠᠰ"), "ᠬᠠᠰ qas has khas");
    assert_eq!(index_tokens("ᠰᠠᠶᠢᠨ"), "ᠰᠠᠢᠨ sayin sain");
    finds("ᠰᠠᠶᠢᠨ", "ᠰᠠᠢᠨ");
    finds("ᠰᠠᠢᠨ", "ᠰᠠᠶᠢᠨ");
    finds("ᠮᠥᠩᠬᠡ", "ᠮᠥᠨᠭᠬᠡ");
}

#[test]
fn selectors_and_case_endings_do_not_hide_a_mongolian_word() {
    let white = "ᠴᠠᠭᠠᠨ";
    finds("ᠰᠠᠷ\u{180E}ᠠ", "ᠰᠠᠷᠠ");
    finds("ᠴᠠᠭ\u{180B}ᠠᠨ", white);
    finds("ᠴᠠᠭᠠᠨ\u{202F}ᠤ", white);
    finds(white, "ᠴᠠᠭᠠᠨ\u{202F}ᠤ");
    assert_eq!(match_expression("ᠴᠠᠭᠠᠨ\u{202F}ᠤ"), match_expression(white));
}

#[test]
fn cyrillic_is_found_without_its_dots_and_in_latin() {
    assert_eq!(index_tokens("Мөнхбаяр"), "монхбаяр monkhbayar monhbayar");
    for query in ["мөнх", "МОНХ", "monkh", "monh"] {
        finds("Мөнхбаяр", query);
    }
    finds("Сүрэн", "сурен");
    finds("и\u{0306}мэ", "й");
}

#[test]
fn latin_marks_and_other_scripts_are_folded() {
    assert_eq!(index_tokens("Öljei Čaγan"), "oljei cagan");
    finds("김철수", "김철");
    finds("김철수", "기");
    finds("Ёлка", "ЁЛ");
    misses("김철수", "박");
}

#[test]
fn several_words_must_all_match() {
    finds("巴特尔 13800471234", "bte 1234");
    finds("巴特尔 13800471234", "1380 巴特");
    misses("巴特尔 13800471234", "bte 9999");
}

#[test]
fn only_quoted_terms_reach_the_expression() {
    assert_eq!(match_expression("巴特 bte 12").as_deref(), Some(r#""巴 特" AND "bte" * AND "12" *"#));
    assert_eq!(match_expression(r#"a" OR "b*"#).as_deref(), Some(r#""a" * AND "or" * AND "b" *"#));
    for nothing in ["", "  ", "\"*\"", "\0", "🐎", "。，", "\u{202F}", "\u{180B}"] {
        assert_eq!(match_expression(nothing), None, "{nothing:?}");
    }
}

#[test]
fn a_query_ends_after_sixty_four_characters_and_eight_terms() {
    let words = "a b c d e f g h i j";
    assert_eq!(match_expression(words).unwrap().matches(" AND ").count(), 7);
    let long = match_expression(&"巴".repeat(70)).unwrap();
    assert_eq!(long.matches('巴').count(), 64);
}

#[test]
fn names_are_ordered_by_pinyin_then_tone_then_character() {
    let mut names = ["苏雅拉", "Zhou", "巴特尔", "白音", "查干", "巴雅尔", "单玉兰", "ᠪᠠᠲᠤ", "10组", "2组", "吕", "陆"];
    names.sort_by_key(|name| sort_key(name));
    let ordered = ["2组", "10组", "巴特尔", "巴雅尔", "白音", "查干", "陆", "吕", "单玉兰", "苏雅拉", "Zhou", "ᠪᠠᠲᠤ"];
    assert_eq!(names, ordered);
    assert_eq!(sort_key("巴特"), "ba1巴te4特");
    assert_eq!(sort_key(" Batu  007"), "batu 17");
}

#[test]
fn every_letter_of_unicode_makes_tokens_that_the_tokenizer_keeps() {
    let letters: Vec<char> =
        (0..=u32::from(char::MAX)).filter_map(char::from_u32).filter(|c| c.is_alphanumeric()).collect();
    for some in letters.chunks(1_000) {
        let text: String = some.iter().flat_map(|letter| [*letter, ' ']).collect();
        survives(&text);
    }
}

fn han_name() -> impl Strategy<Value = String> {
    let common: Vec<char> = "巴特尔其格苏雅拉乌云娜仁朝鲁孟根斯琴单曾解长重乐行吕万俟查干淖勒区".chars().collect();
    let character = prop_oneof![4 => select(common), 1 => prop::char::range('\u{4E00}', '\u{9FFF}')];
    prop::collection::vec(character, 2..9).prop_map(String::from_iter)
}

fn mongolian_word() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        8 => prop::char::range('\u{1820}', '\u{1842}'),
        1 => select(vec!['\u{180B}', '\u{180E}', '\u{200D}']),
    ];
    (prop::char::range('\u{1820}', '\u{1842}'), prop::collection::vec(letter, 0..12))
        .prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}

fn hostile() -> impl Strategy<Value = String> {
    let pieces = vec![
        "\"", "'", "*", "NEAR(", "NEAR", "AND", "OR", "NOT", "^", ":", "{", "}", "(", ")", "-", "+", "\0", "🐎", "巴",
        "特", "tokens", " ", "\\", "%", "_", ",", "1", "234", "5678901", "ᠪ", "\u{202F}", "\u{180E}", "х", "é",
        "\u{FDFA}", "ﬁ", "〇",
    ];
    prop_oneof![prop::collection::vec(select(pieces), 0..20).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

proptest! {
    #[test]
    fn every_token_survives_the_tokenizer(text in hostile()) {
        survives(&text);
    }

    #[test]
    fn no_query_is_an_error(query in hostile()) {
        let table = Table::holding("巴特尔 batu 13800471234");
        prop_assert!(table.count(&query).is_ok(), "{:?}", match_expression(&query));
    }

    #[test]
    fn a_text_is_found_by_itself(text in hostile()) {
        let beginning: String = text.chars().take(64).collect();
        if match_expression(&beginning).is_some() {
            finds(&beginning, &beginning);
        }
    }

    #[test]
    fn a_name_is_found_by_any_two_neighbouring_characters(name in han_name()) {
        let characters: Vec<char> = name.chars().collect();
        for pair in characters.windows(2) {
            finds(&name, &String::from_iter(pair));
        }
    }

    #[test]
    fn a_name_is_found_by_its_pinyin_and_its_initials_from_any_syllable(name in han_name(), skipped in 0_usize..8, typed in 1_usize..30) {
        use pinyin::ToPinyin as _;
        let sounds = |text: &str| -> Vec<String> {
            let known = text.chars().filter_map(|c| c.to_pinyin().map(|_| super::readings::readings(c).sound(0).to_owned()));
            known.filter(|sound| !sound.is_empty()).collect()
        };
        let sounds = sounds(&name);
        let rest = sounds.get(skipped.min(sounds.len().saturating_sub(1))..).unwrap_or_default();
        let full: String = rest.concat().chars().take(typed).collect();
        let initials: String = rest.iter().filter_map(|sound| sound.chars().next()).collect();
        if !full.is_empty() {
            finds(&name, &full);
            finds(&name, &initials);
        }
    }

    #[test]
    fn a_phone_number_is_found_by_its_last_four_digits(phone in "1[3-9][0-9]{9}", cut in subsequence(vec![3_usize, 7], 0..=2)) {
        let mut written = phone.clone();
        for at in cut.into_iter().rev() {
            written.insert(at, '-');
        }
        finds(&written, phone.get(7..).unwrap());
        finds(&written, &phone);
    }

    #[test]
    fn a_mongolian_word_is_found_by_any_beginning(word in mongolian_word(), typed in 1_usize..12) {
        let beginning: String = word.chars().take(typed).collect();
        finds(&word, &beginning);
    }

    #[test]
    fn a_mongolian_word_is_found_by_any_beginning_of_its_latin_spelling(word in mongolian_word(), typed in 1_usize..12) {
        let tokens = index_tokens(&word);
        for spelling in tokens.split(' ').skip(1) {
            finds(&word, &spelling.chars().take(typed).collect::<String>());
        }
    }

    #[test]
    fn a_cyrillic_word_is_found_by_any_beginning(word in "[а-яёөүА-ЯЁӨҮ]{1,12}", typed in 1_usize..12) {
        let beginning: String = word.chars().take(typed).collect();
        finds(&word, &beginning);
        finds(&word.to_uppercase(), &beginning.to_lowercase());
    }
}
