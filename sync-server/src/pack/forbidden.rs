//! What no form may ask, in any language of a pack. The records are about people who opened their door.

/// A concept that no form asks about.
pub(super) struct Concept {
    /// Words that say it. Latin ones are whole words; all are compared in lower case.
    words: &'static [&'static str],
    /// What it is, and why it is not asked, in Chinese …
    pub(super) zh: &'static str,
    /// … and in English.
    pub(super) en: &'static str,
}

pub(super) const CONCEPTS: &[Concept] = &[
    Concept {
        words: &["民族", "族别", "族裔", "ethnicity", "ethnic", "nationality", "ᠦᠨᠳᠦᠰᠦᠲᠡᠨ", "үндэстэн"],
        zh: "民族成分：与走访目的无关，不得记录",
        en: "ethnicity: no purpose of a visit needs it",
    },
    Concept {
        words: &["宗教", "信教", "教派", "religion", "religious", "ᠱᠠᠰᠢᠨ", "шашин"],
        zh: "宗教：与走访目的无关，不得记录",
        en: "religion: no purpose of a visit needs it",
    },
    Concept {
        words: &["信仰", "belief", "beliefs", "faith", "итгэл үнэмшил"],
        zh: "信仰：与走访目的无关，不得记录",
        en: "belief: no purpose of a visit needs it",
    },
    Concept {
        words: &["政治面貌", "政治观点", "政治倾向", "党员", "political", "politics", "улс төрийн үзэл"],
        zh: "政治观点：与走访目的无关，不得记录",
        en: "political view: no purpose of a visit needs it",
    },
    Concept {
        words: &["上访", "信访", "访民", "petition", "petitioner", "petitioning"],
        zh: "上访：不得标记任何人",
        en: "petitioning: nobody is marked for it",
    },
    Concept {
        words: &[
            "计划生育",
            "节育",
            "避孕",
            "怀孕",
            "孕检",
            "family planning",
            "contraception",
            "pregnant",
            "pregnancy",
        ],
        zh: "生育：属于敏感个人信息，不得记录",
        en: "family planning: sensitive, and not the station's business",
    },
    Concept {
        words: &[
            "健康状况",
            "健康情况",
            "病史",
            "疾病",
            "患病",
            "残疾",
            "精神障碍",
            "吸毒",
            "health",
            "disease",
            "illness",
            "disability",
            "эрүүл мэнд",
        ],
        zh: "健康：属于敏感个人信息，不得记录",
        en: "health: sensitive, and not the station's business",
    },
    Concept {
        words: &["态度", "思想动态", "思想状况", "情绪稳定", "attitude", "mindset"],
        zh: "态度：不得评价任何人",
        en: "attitude: nobody is judged",
    },
    Concept {
        words: &[
            "身份证号",
            "身份证",
            "公民身份号码",
            "证件号",
            "id card",
            "identity card",
            "id number",
            "иргэний үнэмлэх",
        ],
        zh: "身份证号：不得记录",
        en: "identity-card numbers: never recorded",
    },
    Concept {
        words: &[
            "银行卡号",
            "银行账号",
            "银行卡",
            "账号",
            "卡号",
            "密码",
            "account number",
            "bank account",
            "password",
            "дансны дугаар",
        ],
        zh: "账号、密码：不得记录",
        en: "account numbers and passwords: never recorded",
    },
    Concept {
        words: &[
            "指纹",
            "人脸",
            "声纹",
            "虹膜",
            "fingerprint",
            "fingerprints",
            "face recognition",
            "voiceprint",
            "хурууны хээ",
        ],
        zh: "指纹、人脸、声纹：不得作为识别信息",
        en: "fingerprints, faces, voices: never used to tell people apart",
    },
    Concept {
        words: &[
            "重点人员",
            "重点人",
            "重点户",
            "风险等级",
            "积分",
            "打分",
            "watch list",
            "watchlist",
            "risk level",
            "risk score",
        ],
        zh: "对人或户的评级：等级只属于事件，不属于人",
        en: "grades of persons or households: grades sit on cases only",
    },
];

/// The concept that a text asks about, with the word that says so.
pub(super) fn asked_in(text: &str) -> Option<(&'static Concept, &'static str)> {
    let text = text.to_lowercase().replace(['_', '-'], " ");
    CONCEPTS.iter().find_map(|concept| {
        let word = concept.words.iter().find(|word| says(&text, word))?;
        Some((concept, *word))
    })
}

fn says(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    text.match_indices(word).any(|(at, found)| {
        let before = text[..at].chars().next_back().is_some_and(is_letter);
        let after = text[at + found.len()..].chars().next().is_some_and(is_letter);
        !before && !after
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_found_in_every_language_and_nothing_else_is() {
        for text in [
            "户主民族",
            "宗教信仰",
            "Ethnic group",
            "head_religion",
            "身份证号码",
            "ᠦᠨᠳᠦᠰᠦᠲᠡᠨ",
            "Эрүүл мэнд",
            "ID number",
            "風险 指纹",
        ] {
            assert!(asked_in(text).is_some(), "{text}");
        }
        for text in ["法律知识", "国家反诈中心 app", "在场人数", "牧民", "thealthy", "防范诈骗", "ᠠᠶᠢᠯ", "Өвлийн хот"]
        {
            assert!(asked_in(text).is_none(), "{text}: {}", asked_in(text).unwrap().1);
        }
    }
}
