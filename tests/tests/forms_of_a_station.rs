//! Forms that a station publishes: how they reach tablets, and what becomes of what was begun with others; what a form says of
//! households, persons, cases and tasks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::error::Code;
use ailchin_core::ids::RecordId;
use ailchin_core::pack::{About, Pack, builtin};
use ailchin_core::record::Kind;
use ailchin_core::replica::Subject;
use ailchin_core::view::{Finished, OpenForm, PageOf, TimelineEntry};
use ailchin_tests::packs::{self, Offered};
use ailchin_tests::tablet::{a_visit, photo};
use ailchin_tests::{Land, Station, Tablet};
use serde_json::json;

const CASE: &str = "018f0000-0000-4000-8000-0000000000c1";
const PERSON: &str = "018f0000-0000-4000-8000-0000000000e1";

/// Makes a case of a household and, in a repeat, persons; asks for a photo of each.
const DISPUTE: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>x</h:title>
  <model><instance><data id="dispute" version="1"><about/><due/><pasture/>
    <party jr:template=""><name/><photo/><meta><entity dataset="person" create="" id=""><label/></entity></meta></party>
    <meta><instanceID/><entity dataset="case" create="1" update="" id="" baseVersion=""><label/></entity></meta></data></instance>
  <bind nodeset="/data/about" type="string" entities:saveto="note"/><bind nodeset="/data/due" type="date" entities:saveto="due"/>
  <bind nodeset="/data/pasture" type="geopoint" entities:saveto="place"/>
  <bind nodeset="/data/party/name" type="string" entities:saveto="name_zh"/><bind nodeset="/data/party/photo" type="binary"/>
  </model></h:head><h:body><input ref="/data/about"/><input ref="/data/due"/><input ref="/data/pasture"/>
  <group ref="/data/party"><repeat nodeset="/data/party"><input ref="/data/party/name"/><upload ref="/data/party/photo" mediatype="image/*"/>
  </repeat></group></h:body></h:html>"#;

/// About a case: changes it, and asks for a signature.
const SESSION: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa" xmlns:entities="http://www.opendatakit.org/xforms/entities"><h:head><h:title>x</h:title>
  <model><instance><data id="session" version="1"><state/><said/><sign/>
    <meta><instanceID/><entity dataset="case" update="1" id="" baseVersion=""/></meta></data></instance>
  <bind nodeset="/data/state" type="string" entities:saveto="state"/><bind nodeset="/data/sign" type="binary"/>
  </model></h:head><h:body><input ref="/data/state"/><input ref="/data/said"/>
  <upload ref="/data/sign" mediatype="image/*" appearance="signature"/></h:body></h:html>"#;

/// One session, many households.
const GATHERING: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
  xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>x</h:title><model><instance><data id="gathering" version="1"><topics/>
  <came jr:template=""><which/></came><meta><instanceID/></meta></data></instance></model></h:head><h:body>
  <select ref="/data/topics"><item><label>f</label><value>fraud</value></item></select>
  <group ref="/data/came"><repeat nodeset="/data/came"><input ref="/data/came/which"/></repeat></group></h:body></h:html>"#;

/// The built-in pack as a station would publish it: with these forms, and the household visit under another version or not at all.
fn pack(version: &str, visit: Option<&str>) -> Pack {
    let own = |id, about, covers, name, xform: &str| Offered {
        id,
        kind: "activity",
        about,
        covers,
        name,
        xform: xform.to_owned(),
    };
    let mut forms = vec![
        own("dispute", "household", None, "纠纷受理", DISPUTE),
        own("session", "case", None, "调解", SESSION),
        own("gathering", "area", Some("which"), "集中走访", GATHERING),
    ];
    if let Some(visit) = visit {
        forms.insert(0, Offered::household_visit(Some(visit)));
    }
    packs::pack(version, &forms, &[("map.png", vec![7])])
}

fn forms(tablet: &Tablet) -> Vec<String> {
    tablet.with(|replica, _, _| Ok(replica.pack()?.forms.iter().map(|form| form.model.id.clone()).collect())).unwrap()
}

fn kept_packs(tablet: &Tablet) -> usize {
    tablet.with(|replica, _, _| Ok(replica.kept_packs()?)).unwrap()
}

/// A submission of the form that is open, with these answers; what stands in `meta` besides the id is given.
fn submission(open: &OpenForm, inside: &str, meta: &str) -> String {
    let id = open.draft;
    format!(
        "<data id=\"{}\" version=\"1\">{inside}<meta><instanceID>uuid:{id}</instanceID>{meta}</meta></data>",
        open.form
    )
}

fn finish(tablet: &Tablet, open: &OpenForm, inside: &str, meta: &str) -> Finished {
    let xml = submission(open, inside, meta);
    tablet.save_draft(open.draft, &xml, 0).unwrap();
    tablet.finish_form(open.draft, &xml, None).unwrap()
}

fn station_with(pack: &Pack) -> (Station, Tablet) {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    station.publishes(pack);
    tablet.syncs();
    (station, tablet)
}

fn case(label: &str) -> String {
    format!("<entity dataset=\"case\" create=\"1\" id=\"{CASE}\"><label>{label}</label></entity>")
}

#[test]
fn a_published_pack_reaches_tablets_with_their_next_sync_and_what_was_begun_goes_on_as_it_was() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    let household = Subject::household(station.households[0]);
    let begun = tablet.begin_form(household, "household_visit").unwrap();
    assert!(begun.xform.contains(&builtin().unwrap().form("household_visit").unwrap().model.version));

    station.publishes(&pack("1", Some("of the station")));
    assert_eq!(forms(&tablet), forms(&tablet));
    tablet.syncs();
    assert_eq!(forms(&tablet), ["household_visit", "dispute", "session", "gathering"]);
    assert_eq!(tablet.open_draft(begun.draft).unwrap().xform, begun.xform, "a draft goes on with its own version");
    let other = tablet.begin_form(Subject::household(station.households[1]), "household_visit").unwrap();
    assert!(other.xform.contains("of the station"));

    // The form is withdrawn in the middle of both drafts.
    station.publishes(&pack("2", None));
    tablet.syncs();
    let again = tablet.begin_form(Subject::household(station.households[2]), "household_visit");
    assert_eq!(again.unwrap_err().code(), Code::NotFound);
    let tablet = tablet.restarted();
    assert_eq!(tablet.open_draft(begun.draft).unwrap().xform, begun.xform);
    let model = &builtin().unwrap().form("household_visit").unwrap().model;
    let xml = model.fill(&a_visit("visit"), "uuid:1", ailchin_tests::NOW, ailchin_tests::NOW).unwrap();
    let finished = tablet.finish_form(begun.draft, &xml, None).unwrap();
    let page = tablet.with(|replica, author, _| Ok(replica.visit(finished.visit, author.officer)?)).unwrap();
    assert!(!page.questions.is_empty(), "it is shown in the words of its own version");
    assert!(page.may_amend);

    // What nothing was made with goes, what something was made with stays.
    tablet.with(|replica, _, world| Ok(replica.delete_draft(other.draft, world.now())?)).unwrap();
    tablet.clock().advance_ms(8 * 24 * 3_600_000);
    tablet.begin_form(household, "dispute").unwrap();
    station.publishes(&pack("3", None));
    tablet.syncs_anew();
    assert_eq!(kept_packs(&tablet), 3, "the one of the visit, the one of the draft, the one of today");
    assert!(station.is_sound());
}

#[test]
fn a_pack_that_is_not_what_its_name_says_is_not_taken_and_the_one_before_stays() {
    let (_station, tablet) = station_with(&pack("1", None));
    let (real, other) = (pack("2", None), pack("3", None));
    let bytes = other.files.to_bytes().unwrap();
    let taken = tablet.with(|replica, _, world| Ok(replica.take_pack(real.hash, &bytes, world.now())?));
    assert_eq!(taken.unwrap_err().code(), Code::FormUnreadable);
    assert_eq!(tablet.with(|replica, _, _| Ok(replica.pack()?.version.clone())).unwrap(), "1");
}

#[test]
fn a_form_makes_a_case_and_persons_and_keeps_the_files_of_a_repeat() {
    let (station, tablet) = station_with(&pack("1", None));
    let household = station.households[0];
    let open = tablet.begin_form(Subject::household(household), "dispute").unwrap();
    tablet.attach(open.draft, "one.jpg", &photo(1)).unwrap();
    let person =
        format!("<meta><entity dataset=\"person\" create=\"1\" id=\"{PERSON}\"><label>x</label></entity></meta>");
    let inside = format!(
        "<about>围栏</about><due>2026-12-24</due><pasture>39.1 107.9 0 0</pasture>\
         <party><name>娜仁</name><photo>one.jpg</photo>{person}</party><party><name>谁</name></party>"
    );
    let finished = finish(&tablet, &open, &inside, &case("两家围栏"));
    assert_eq!(finished.records, [CASE, PERSON].map(|id| RecordId::parse(id).unwrap()));

    let case = tablet.with(|replica, _, world| Ok(replica.case(finished.records[0], world.now())?)).unwrap();
    assert_eq!((case.line.title.as_str(), case.note.as_str()), ("两家围栏", "围栏"));
    assert_eq!((case.line.household, case.place), (Some(household), Some((39.1, 107.9))));
    assert_eq!(case.line.due.unwrap().to_string(), "2026-12-24");
    let page = tablet.page(household);
    assert_eq!(page.cases.len(), 1);
    let person = page.persons.iter().find(|person| person.id == finished.records[1]).unwrap();
    assert_eq!(person.name.zh, "娜仁");
    assert!(
        page.timeline
            .iter()
            .any(|entry| matches!(entry, TimelineEntry::Activity { activity } if activity.form == "dispute"))
    );
    let page = tablet.with(|replica, author, _| Ok(replica.visit(finished.visit, author.officer)?)).unwrap();
    assert_eq!(page.attachments.len(), 1);
    assert_eq!(page.answers["party"][0]["photo"], json!("one.jpg"));

    // At the station and on another tablet it is the same; the photo is there.
    tablet.syncs();
    assert!(station.holds(page.attachments[0].hash));
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    assert_eq!(other.page(household).cases, tablet.page(household).cases);
    assert!(station.is_sound());
}

#[test]
fn a_case_that_two_officers_change_is_a_conflict_of_what_neither_saw() {
    let (station, a) = station_with(&pack("1", None));
    let open = a.begin_form(Subject::household(station.households[0]), "dispute").unwrap();
    let case = finish(&a, &open, "<about>井</about>", &case("井")).records[0];
    a.syncs();
    let b = Tablet::enrolled(2, &station.invite(1));
    b.syncs();

    let subject = Subject { about: About::Case, id: case };
    let says = |tablet: &Tablet, state: &str, base: u32| {
        let open = tablet.begin_form(subject, "session").unwrap();
        let meta = format!("<entity dataset=\"case\" update=\"1\" id=\"{CASE}\" baseVersion=\"{base}\"/>");
        finish(tablet, &open, &format!("<state>{state}</state><said/>"), &meta)
    };
    // A draft is begun, then the other's change comes, then the draft is finished: what its officer saw counts.
    let open = a.begin_form(subject, "session").unwrap();
    let csv = a.form_resource(open.draft, "jr://file-csv/case.csv").unwrap().unwrap().1;
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with(&format!("{CASE},井,,1,,,")), "{csv}");
    says(&b, "closed", 1);
    b.syncs();
    a.syncs();
    let meta = format!("<entity dataset=\"case\" update=\"1\" id=\"{CASE}\" baseVersion=\"1\"/>");
    finish(&a, &open, "<state>heard</state><said/>", &meta);
    let page = a.with(|replica, _, world| Ok(replica.case(case, world.now())?)).unwrap();
    assert!(page.conflict, "neither knew of the other");
    assert_eq!(page.activities.len(), 2);

    // Whoever has seen both decides.
    let seen = a.with(|replica, _, world| Ok(replica.case(case, world.now())?.seen.len())).unwrap();
    assert_eq!(seen, 2);
    says(&a, "closed", 3);
    let page = a.with(|replica, _, world| Ok(replica.case(case, world.now())?)).unwrap();
    assert!(!page.conflict);
    let open = a.with(|replica, _, world| Ok(replica.cases(PageOf { offset: 0, limit: 10 }, world.now())?)).unwrap();
    assert_eq!(open.total, 0);
}

#[test]
fn a_form_that_speaks_of_a_case_that_is_gone_is_kept_and_says_so() {
    let (station, tablet) = station_with(&pack("1", None));
    let open = tablet.begin_form(Subject::household(station.households[0]), "dispute").unwrap();
    let meta = format!("<entity dataset=\"case\" create=\"\" update=\"1\" id=\"{CASE}\" baseVersion=\"1\"/>");
    let finished = finish(&tablet, &open, "<about>井</about>", &meta);
    assert_eq!((finished.records.len(), finished.left_out), (0, vec![CASE.to_owned()]));
    let fields = tablet.record(finished.visit).fields;
    assert_eq!((&fields["answer.about"], &fields["left_out"]), (&json!("井"), &json!([CASE])));
}

#[test]
fn a_gathering_is_a_visit_to_each_household_that_came() {
    let (station, tablet) = station_with(&pack("1", None));
    let area = Subject { about: About::Area, id: station.areas[1].into() };
    let open = tablet.begin_form(area, "gathering").unwrap();
    let [first, second] = [station.households[0], station.households[1]];
    let came: String = [first, second, first].iter().map(|id| format!("<came><which>{id}</which></came>")).collect();
    let finished = finish(&tablet, &open, &format!("<topics>fraud</topics>{came}"), "");
    for household in [first, second] {
        let page = tablet.page(household);
        assert_eq!(page.visits, 1);
        let TimelineEntry::Visit { form, topics, id, .. } = &page.timeline[0] else { panic!("a visit") };
        assert_eq!((form.as_str(), topics.as_slice()), ("gathering", ["fraud".to_owned()].as_slice()));
        assert_eq!(tablet.record(*id).fields["gathering"], json!(finished.visit));
    }
    assert_eq!(tablet.record(finished.visit).kind, Kind::Activity.as_str());
    let list = tablet.form_resource(tablet.begin_form(area, "gathering").unwrap().draft, "jr://file-csv/household.csv");
    assert_eq!(String::from_utf8(list.unwrap().unwrap().1).unwrap().lines().count(), 1 + station.households.len());
    tablet.syncs();
    assert!(station.is_sound());
}

#[test]
fn a_finished_form_is_changed_by_its_author_with_a_reason_and_what_was_signed_is_only_added_to() {
    let (station, tablet) = station_with(&pack("1", None));
    let open = tablet.begin_form(Subject::household(station.households[0]), "dispute").unwrap();
    tablet.attach(open.draft, "one.jpg", &photo(1)).unwrap();
    let finished =
        finish(&tablet, &open, "<about>井</about><party><name>a</name><photo>one.jpg</photo></party>", &case("井"));

    let amending = tablet.amend_form(finished.visit).unwrap();
    assert!(amending.amends && amending.fresh && amending.submission.unwrap().contains("<about>井</about>"));
    assert_eq!(amending.attachments.len(), 1, "its files can be named");
    let changed = format!(
        "<data id=\"dispute\" version=\"1\"><about>井和路</about><meta><instanceID>uuid:2</instanceID>\
         <deprecatedID>uuid:{}</deprecatedID></meta></data>",
        open.draft
    );
    let without = tablet.finish_form(amending.draft, &changed, Some("  ")).unwrap_err();
    assert_eq!(without.code(), Code::FieldWrong);
    tablet.finish_form(amending.draft, &changed, Some("写错了")).unwrap();
    let record = tablet.record(finished.visit);
    assert_eq!(record.log.len(), 2);
    assert_eq!(
        (&record.fields["answer.about"], &record.fields["amended_because"]),
        (&json!("井和路"), &json!("写错了"))
    );
    assert!(!record.fields.contains_key("answer.party") && !record.fields.contains_key("file.one.jpg"));
    assert_eq!(record.fields["submission"], json!(changed));
    assert_eq!(tablet.page(station.households[0]).cases.len(), 1, "what it said of others stands");

    // Another officer cannot, and what was signed nobody can.
    tablet.syncs();
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    assert_eq!(other.amend_form(finished.visit).unwrap_err().code(), Code::OfficerWrong);
    // Neither can whoever finds the author's draft: what counts is who finishes it.
    let found = other.with(|replica, _, world| Ok(replica.begin_amending(world, finished.visit)?)).unwrap();
    let refused = other.finish_form(found.id, &changed, Some("我来改")).unwrap_err();
    assert_eq!(refused.code(), Code::OfficerWrong);
    assert_eq!(other.record(finished.visit).log.len(), 2);
    let case = Subject { about: About::Case, id: finished.records[0] };
    let open = tablet.begin_form(case, "session").unwrap();
    tablet.attach(open.draft, "sign.png", &photo(2)).unwrap();
    let signed = finish(&tablet, &open, "<state/><said/><sign>sign.png</sign>", "");
    assert_eq!(tablet.amend_form(signed.visit).unwrap_err().code(), Code::FormSealed);
    tablet.add_to_form(signed.visit, "双方又来电").unwrap();
    assert_eq!(tablet.add_to_form(signed.visit, " ").unwrap_err().code(), Code::FieldWrong);
    let page = tablet.with(|replica, author, _| Ok(replica.visit(signed.visit, author.officer)?)).unwrap();
    assert!(page.sealed && !page.may_amend);
    assert_eq!(page.addenda[0].text, "双方又来电");
}

#[test]
fn submissions_of_published_forms_are_checked_by_their_own_rules() {
    let (station, tablet) = station_with(&pack("1", Some("of the station")));
    tablet.visits(station.households[0], a_visit("visit"), &[]);
    let open = tablet.begin_form(Subject::household(station.households[0]), "dispute").unwrap();
    finish(&tablet, &open, "<about>井</about><due>2026-12-24</due>", "");
    tablet.syncs();
    let store = station.store();
    let rules = store.rules(station.id, None).unwrap();
    let (checked, kept, all) = store.check_visits(station.id, &rules, ailchin_tests::NOW, &|| true).unwrap();
    assert_eq!((checked, kept, all), (2, 0, true));
}
