//! Made-up visits, as different from one another as those of a station.

use ailchin_core::form::Answers;
use ailchin_core::ids::{AreaId, DraftId, OfficerId, RecordId};
use ailchin_core::pack::{self, Form};
use ailchin_core::record::{Fields, Kind, Visit};
use ailchin_core::replica::Change;
use ailchin_core::world::World;
use ailchin_tests::{Dice, NOW, Tablet};
use serde_json::json;

use crate::Failure;

const PURPOSES: &[&str] = &["visit", "outreach", "return_visit", "service"];
const TOPICS: &[&str] = &["fraud", "fraud_app", "road_safety", "fire", "grazing", "livestock_theft", "law", "other"];
const APPS: &[&str] = &["yes", "installed_now", "no", "declined"];
const OPINIONS: &[&str] = &[
    "希望修一修去夏营盘的路，雨后过不去。",
    "想知道丢失的马怎样报案。",
    "草场边界想请人再量一次。",
    "手机信号不好，打电话要上山。",
    "想问摩托车上牌照的手续。",
];

/// Revisions that are saved in one transaction where only their number counts.
const AT_ONCE: u32 = 500;

/// Makes visits up.
pub(crate) struct Visits {
    dice: Dice,
    form: &'static Form,
}

impl Visits {
    pub(crate) fn of(seed: u64) -> Result<Self, Failure> {
        let pack = pack::builtin().map_err(ToString::to_string)?;
        Ok(Self { dice: Dice::new(seed), form: pack.form("household_visit").ok_or("no form household_visit")? })
    }

    pub(crate) fn answers(&mut self) -> Answers {
        let topics: Vec<&str> = TOPICS.iter().copied().filter(|_| self.dice.below(4) == 0).collect();
        let mut answers = Answers::from([
            ("outcome".to_owned(), json!("visited")),
            ("present_count".to_owned(), json!(1 + self.dice.below(6))),
            ("purpose".to_owned(), json!(self.one(PURPOSES))),
            ("fraud_app".to_owned(), json!(self.one(APPS))),
            ("follow_up".to_owned(), json!("no")),
            ("signed".to_owned(), json!("declined")),
        ]);
        if !topics.is_empty() {
            answers.insert("topics".to_owned(), json!(topics));
        }
        if self.dice.below(6) == 0 {
            answers.insert("opinions".to_owned(), json!(self.one(OPINIONS)));
        }
        if self.dice.below(5) > 0 {
            let mut degrees = |from: f64| from + self.dice.below(1_000_000) as f64 / 1e6;
            let (lat, lon) = (degrees(41.0), degrees(109.0));
            let accuracy_m = 3 + self.dice.below(20);
            answers.insert("position".to_owned(), json!({ "lat": lat, "lon": lon, "accuracy_m": accuracy_m }));
        }
        answers
    }

    /// The submission of a visit.
    pub(crate) fn submission(&mut self) -> Result<String, Failure> {
        Ok(self.form.model.fill(&self.answers(), "uuid:1", NOW, NOW.plus_ms(1_800_000))?)
    }

    /// The change that the answers become when their form is finished.
    pub(crate) fn change(
        &mut self,
        household: RecordId,
        area: AreaId,
        officer: OfficerId,
        world: &dyn World,
    ) -> Result<Change, Failure> {
        let (answers, instance, now) = (self.answers(), format!("uuid:{}", DraftId::new(world)), world.now());
        let submission = self.form.model.fill(&answers, &instance, now, now.plus_ms(1_800_000))?;
        let mut fields = Fields::from([
            ("household".to_owned(), json!(household)),
            ("officer".to_owned(), json!(officer)),
            ("visited_at_ms".to_owned(), json!(now)),
            ("form".to_owned(), json!(self.form.model.id)),
            ("form_version".to_owned(), json!(self.form.model.version)),
            ("instance".to_owned(), json!(instance)),
            ("submission".to_owned(), json!(submission)),
        ]);
        fields.extend(answers.into_iter().map(|(question, answer)| (Visit::answer_field(&question), answer)));
        Ok(Change { record: RecordId::new(world), kind: Kind::Visit, area, fields })
    }

    /// Saves many visits on a tablet, some hundred in a transaction, spread over its households.
    pub(crate) fn save_many(&mut self, tablet: &Tablet, households: &[RecordId], visits: u32) -> Result<(), Failure> {
        let officer = tablet.state()?.officer.ok_or("the tablet is locked")?;
        let areas = tablet.with(|replica, _, _| {
            households.iter().map(|household| Ok(replica.place_of(*household)?.1)).collect::<Result<Vec<_>, _>>()
        })?;
        let homes: Vec<(RecordId, AreaId)> = households.iter().copied().zip(areas).collect();
        let mut turns = homes.iter().cycle();
        let mut left = visits;
        while left > 0 {
            let now = left.min(AT_ONCE);
            let mut changes = Vec::new();
            for (household, area) in turns.by_ref().take(now.try_into()?) {
                tablet.clock().advance_ms(60_000);
                changes.push(self.change(*household, *area, officer, tablet.clock())?);
            }
            tablet.with(|replica, author, world| Ok(replica.save(author, world, &changes)?))?;
            left -= now;
        }
        Ok(())
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.dice.below(of.len() as u64)).unwrap_or(0);
        of.get(index).copied().unwrap_or_default()
    }
}
