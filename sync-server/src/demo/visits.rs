//! What a generated visit says.

use ailchin_core::form::{Answers, FormError, FormModel};
use ailchin_core::ids::{DraftId, OfficerId, RecordId};
use ailchin_core::record::{Fields, Visit};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use serde_json::{Value, json};

use super::chance::Chance;
use super::land::Spot;
use super::signatures::FILE_NAME;

const TOPICS: &[&str] = &["fraud", "fraud_app", "road_safety", "fire", "grazing", "livestock_theft", "law", "other"];

const HAZARDS: &[(&str, &str)] = &[
    ("fire", "干草垛离住房太近"),
    ("electricity", "羊圈的电线外皮破损"),
    ("smoke", "炉子的烟道需要清理"),
    ("road", "进营盘的路被水冲坏"),
    ("well", "水井没有盖子"),
    ("fence", "路边的围栏倒了一段"),
    ("other", "大门的锁坏了"),
];

const OPINIONS: &[&str] = &[
    "希望冬天多清几次进嘎查的路。",
    "想知道丢失的马怎样报案。",
    "希望有人再来教老人用反诈中心应用。",
    "草场边界想请人再量一次。",
    "手机信号不好，打电话要上山。",
    "希望剪羊毛的时候一起来宣讲。",
    "想问摩托车上牌照的手续。",
];

const FOLLOW_UPS: &[&str] = &[
    "带摩托车上牌照的材料清单",
    "再来一次，教家里人用反诈中心应用",
    "答复草场边界的问题",
    "看看水井的盖子装好没有",
    "送蒙古文的宣传册",
    "看看烟道清理了没有",
];

/// What a generated visit is about.
pub(super) struct Call<'a> {
    pub(super) household: RecordId,
    pub(super) officer: OfficerId,
    pub(super) spot: Spot,
    pub(super) at: Instant,
    pub(super) signatures: &'a [Value],
}

/// A visit's fields, and the follow-up that was wanted: what and on which day at the latest.
pub(super) struct Said {
    pub(super) fields: Fields,
    pub(super) follow_up: Option<(String, String)>,
}

/// Makes up a visit.
pub(super) fn say(form: &FormModel, call: &Call<'_>, chance: Chance<'_>, world: &dyn World) -> Result<Said, FormError> {
    let outcome = chance.weighted(&[("visited", 88), ("nobody_home", 9), ("declined", 3)]).unwrap_or("visited");
    let mut answers = Answers::from_iter([("outcome".to_owned(), json!(outcome))]);
    let mut signature = None;
    let mut follow_up = None;
    if outcome == "visited" {
        talk(&mut answers, chance);
        if chance.percent(18) {
            let note = chance.one(FOLLOW_UPS).copied().unwrap_or_default();
            let by = call.at.day().plus_days(i32::try_from(chance.between(5, 30)).unwrap_or(7)).to_string();
            answers.insert("follow_up_by".to_owned(), json!(by));
            answers.insert("follow_up_note".to_owned(), json!(note));
            follow_up = Some((note.to_owned(), by));
        }
        answers.insert("follow_up".to_owned(), json!(if follow_up.is_some() { "yes" } else { "no" }));
        if chance.percent(80) {
            let (lat, lon) = call.spot.near(chance, 0.05).degrees();
            let altitude_m = (1_250.0 + 90.0 * chance.fraction()).round();
            let accuracy_m = (3.0 + 22.0 * chance.fraction()).round();
            let position = json!({ "lat": lat, "lon": lon, "altitude_m": altitude_m, "accuracy_m": accuracy_m });
            answers.insert("position".to_owned(), position);
        }
        signature = if chance.percent(85) { chance.one(call.signatures).cloned() } else { None };
        answers.insert("signed".to_owned(), json!(if signature.is_some() { "yes" } else { "declined" }));
        if signature.is_some() {
            answers.insert("signature".to_owned(), json!(FILE_NAME));
        }
    }
    let instance = format!("uuid:{}", DraftId::new(world));
    let ended = call.at.plus_ms(chance.between(15, 70) * 60_000);
    let submission = form.fill(&answers, &instance, call.at, ended)?;
    let mut fields = Fields::from([
        ("household".to_owned(), json!(call.household)),
        ("officer".to_owned(), json!(call.officer)),
        ("visited_at_ms".to_owned(), json!(call.at)),
        ("form".to_owned(), json!(form.id)),
        ("form_version".to_owned(), json!(form.version)),
        ("instance".to_owned(), json!(instance)),
        ("submission".to_owned(), json!(submission)),
    ]);
    for (question, answer) in answers {
        let value = signature.take_if(|_| question == "signature").unwrap_or(answer);
        fields.insert(Visit::answer_field(&question), value);
    }
    Ok(Said { fields, follow_up })
}

fn talk(answers: &mut Answers, chance: Chance<'_>) {
    let purpose = chance.weighted(&[("visit", 60), ("outreach", 22), ("return_visit", 12), ("service", 6)]);
    let topics: Vec<&str> = TOPICS.iter().copied().filter(|_| chance.percent(28)).collect();
    let app = chance.weighted(&[("yes", 62), ("installed_now", 14), ("no", 18), ("declined", 6)]);
    answers.insert("present_count".to_owned(), json!(chance.between(1, 6)));
    answers.insert("purpose".to_owned(), json!(purpose));
    answers.insert("fraud_app".to_owned(), json!(app));
    if !topics.is_empty() {
        answers.insert("topics".to_owned(), json!(topics));
    }
    if chance.percent(15) {
        answers.insert("opinions".to_owned(), json!(chance.one(OPINIONS)));
    }
    if chance.percent(8)
        && let Some((hazard, note)) = chance.one(HAZARDS)
    {
        answers.insert("hazards".to_owned(), json!([hazard]));
        answers.insert("hazard_note".to_owned(), json!(note));
    }
}
