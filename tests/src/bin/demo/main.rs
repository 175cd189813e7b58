//! The demonstration: the main job end to end, told as it happens. Ends non-zero if anything does not hold.
//!
//! `demo FOLDER` works with real programs in a fresh folder: the station (`ailchin-server`), two tablets (`tablet`) and, at
//! the end, tablet A's window (`ailchin`): to be used if there is a display, otherwise to have its pictures taken.

mod pictures;
mod programs;

use std::path::{Path, PathBuf};

use ailchin_core::world::{Machine, World as _};
use programs::{Failure, PIN, Station, Tablet, say};
use serde_json::{Value, json};

fn main() -> Result<(), Failure> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).ok_or("say which folder the demonstration may use")?;
    fresh(&folder)?;

    say("1. A station on embedded SQLite, with a generated year of work (no real person)");
    let mut station = Station::with_demo_data(&folder.join("station"))?;
    station.start()?;
    say(&format!("   It listens on {}.", station.address()));

    say("\n2. Two tablets are enrolled, each with a one-time code, and fetch the areas of their officers");
    let a = Tablet::enrol("A", &folder.join("tablet-a"), &station.invite(1)?)?;
    let b = Tablet::enrol("B", &folder.join("tablet-b"), &station.invite(2)?)?;
    for tablet in [&a, &b] {
        let report = tablet.sync()?;
        let households = tablet.run(&["households", "--limit", "1"])?;
        say(&format!(
            "   Tablet {}: {} revisions fetched, {} households of its areas. {}",
            tablet.name,
            report["pulled"],
            households["total"],
            tablet.receipt()?
        ));
    }

    say("\n3. The network is cut: the station is switched off. Both officers drive out");
    station.stop()?;
    let refused = a.refused_to_sync()?;
    say(&format!("   A sync now says: {refused}. Everything else works as before."));
    let found = b.run(&["households", "--limit", "4"])?;
    let homes: Vec<Value> = found["lines"].as_array().cloned().unwrap_or_default();
    let [first, second, third, shared] = homes.as_slice() else { return Err("tablet B has no households".into()) };
    for (home, answers, words) in [
        (first, visited(), "talked about fraud and fire, a photo, a follow-up is wanted"),
        (second, json!({ "outcome": "declined" }), "declined: no reason asked, no mark made"),
        (third, json!({ "outcome": "nobody_home" }), "nobody at home"),
    ] {
        let with_photo = answers["outcome"] == "visited";
        a.visit(&folder, home, &answers, with_photo)?;
        say(&format!("   Tablet A records a visit to {}: {words}.", home["name"]["zh"]));
    }
    let (phone_a, phone_b) = ("1000-0111-2222", "1000-0333-4444");
    for (tablet, phone) in [(&a, phone_a), (&b, phone_b)] {
        tablet.edit(shared, &format!("phone={phone}"))?;
        say(&format!("   Tablet {}: the telephone of {} becomes {phone}.", tablet.name, shared["name"]["zh"]));
    }
    for tablet in [&a, &b] {
        let waiting = tablet.run(&["receipt"])?["waiting"].clone();
        say(&format!(
            "   Tablet {} holds {} changes and {} pictures that the station does not have.",
            tablet.name, waiting["revisions"], waiting["blobs"]
        ));
    }

    say("\n4. Back at the station");
    station.start()?;
    for tablet in [&a, &b, &a] {
        let report = tablet.sync()?;
        say(&format!(
            "   Tablet {} syncs: {} changes sent ({} refused), {} fetched, {} pictures sent.\n     {}",
            tablet.name,
            report["pushed"],
            report["refused"],
            report["pulled"],
            report["blobs"],
            tablet.receipt()?
        ));
    }

    say("\n5. The conflict: two officers changed one number without knowing of each other. Nothing is lost");
    let (seen_a, seen_b) = (a.show(shared)?, b.show(shared)?);
    let conflict = seen_a["conflicts"][0].clone();
    for value in conflict["values"].as_array().into_iter().flatten() {
        let whose = if value["mine"] == true { "this tablet" } else { "the other tablet" };
        say(&format!("   {}: {} (by {}, on {whose})", conflict["field"], value["value"], value["officer_name"]["zh"]));
    }
    say(&format!("   Shown until an officer decides: {}.", seen_a["fields"]["phone"]));

    say("\n6. What must hold");
    let values = |seen: &Value| {
        let all = seen["conflicts"][0]["values"].as_array().cloned().unwrap_or_default();
        all.iter().map(|value| value["value"].clone()).collect::<Vec<_>>()
    };
    let mut both = values(&seen_a);
    hold("both tablets show the same", seen_a["fields"] == seen_b["fields"] && both == values(&seen_b))?;
    both.sort_by_key(Value::to_string);
    hold("both numbers are kept", both == [json!(phone_a), json!(phone_b)])?;
    for tablet in [&a, &b] {
        let (check, receipt) = (tablet.run(&["check"])?, tablet.run(&["receipt"])?);
        hold(&format!("tablet {}: what is kept equals a recount", tablet.name), check["equal"] == true)?;
        hold(&format!("tablet {}: the receipt covers everything", tablet.name), receipt["covered"] == true)?;
        let refused = tablet.run(&["refused"])?;
        hold(&format!("tablet {}: nothing was refused", tablet.name), refused == json!([]))?;
    }
    let nothing = a.sync()?;
    hold("one more sync finds nothing new", nothing["nothing_new"] == true)?;

    say(&format!(
        "\nThe station's data, both tablets and their encrypted files are in {}. The PIN is {PIN}.",
        folder.display()
    ));
    if std::env::var_os("DISPLAY").is_some() {
        a.open_window()?;
    } else {
        let screens = folder.join("screens");
        pictures::take(&a.dir, &screens, shared["name"]["zh"].as_str().unwrap_or_default())?;
        say(&format!("There is no display: pictures of tablet A's window are in {}.", screens.display()));
    }
    station.stop()
}

fn hold(what: &str, holds: bool) -> Result<(), Failure> {
    say(&format!("   {} {what}", if holds { "✓" } else { "✗" }));
    if holds { Ok(()) } else { Err(format!("does not hold: {what}").into()) }
}

fn visited() -> Value {
    json!({
        "outcome": "visited",
        "present_count": 3,
        "purpose": "outreach",
        "topics": ["fraud", "fire"],
        "fraud_app": "installed_now",
        "opinions": "去夏营盘的路雨后过不去。",
        "follow_up": "yes",
        "follow_up_by": Machine.now().day().plus_days(5),
        "follow_up_note": "问一问修路的事",
        "signed": "declined"
    })
}

/// An empty folder; one that another demonstration left is emptied, anything else is not touched.
fn fresh(folder: &Path) -> Result<(), Failure> {
    let mark = folder.join(".ailchin-demo");
    if folder.exists() {
        if !mark.exists() {
            return Err(format!("{} exists and was not made by a demonstration", folder.display()).into());
        }
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(mark, "")?;
    Ok(())
}
