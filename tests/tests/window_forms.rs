//! Every kind of question is answered in the tablet's real window, of a form that the station published; what was finished is
//! added to, amended, and printed into files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use ailchin_tests::packs::{self, Offered};
use ailchin_tests::tablet::{PIN, photo};
use ailchin_tests::window::{Screen, Window, program};
use ailchin_tests::{Land, Station};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The gallery's form: a page for each family of questions.
const EVERYTHING: &str = include_str!("../../ui/src/testing/form/everything.xml");

/// With the narrow space before the suffix and the vowel separator, in one line with Chinese.
const MONGOLIAN: &str = "ᠭᠠᠷ\u{202F}ᠤᠨ ᠨᠡᠷ\u{180E}ᠡ 水井";

fn pictures() -> Outcome<PathBuf> {
    let target = program("ailchin")?;
    Ok(target.ancestors().nth(2).unwrap_or(Path::new("target")).join("screenshots"))
}

fn picture(window: &Window, name: &str) -> Outcome {
    Ok(window.picture(&pictures()?.join(format!("forms-{name}.png")))?)
}

/// A station whose pack has the gallery's form, and a tablet in its window that has synced.
struct Scene {
    station: Station,
    window: Window,
    files: tempfile::TempDir,
    _screen: Screen,
}

fn scene() -> Outcome<Scene> {
    let files = tempfile::tempdir()?;
    let station = Station::here(Land { tls: true, ..Land::default() });
    let everything = Offered {
        id: "everything",
        kind: "activity",
        about: "household",
        covers: None,
        name: "各种问题",
        xform: EVERYTHING.to_owned(),
    };
    let pictures = [("water.png", png(90)), ("camp.png", png(160))];
    station.publishes(&packs::pack("everything", &[Offered::household_visit(None), everything], &pictures));
    let screen = Screen::start()?;
    let window = Window::open(&screen, &files.path().join("tablet"))?;
    window.enrol(&station.invite(0))?;
    window.press("nav-sync")?;
    window.press("sync-start")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    Ok(Scene { station, window, files, _screen: screen })
}

fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(96, 72, image::Rgb([shade, 110, 70]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// A picture of a code in which this stands.
fn qr(text: &str) -> Vec<u8> {
    const DOTS: u32 = 6;
    const EDGE: u32 = 4;
    let code = qrcode::QrCode::new(text).unwrap();
    let width = u32::try_from(code.width()).unwrap();
    let colours = code.to_colors();
    let side = (width + 2 * EDGE) * DOTS;
    let mut bytes = std::io::Cursor::new(Vec::new());
    let dark = |x: u32, y: u32| {
        let (x, y) = ((x / DOTS).checked_sub(EDGE), (y / DOTS).checked_sub(EDGE));
        let place = x.zip(y).filter(|(x, y)| *x < width && *y < width).map(|(x, y)| (y * width + x) as usize);
        place.is_some_and(|place| colours[place] == qrcode::Color::Dark)
    };
    image::GrayImage::from_fn(side, side, |x, y| image::Luma([if dark(x, y) { 0 } else { 255 }]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

fn speak(window: &Window, mode: &str) -> Outcome {
    window.ask_page(&format!("localStorage.setItem('ailchin.display', '{mode}'); location.reload()"))?;
    Ok(())
}

fn keeps(window: &Window, piece: &str) -> Outcome<String> {
    Ok(window.see_kept(piece, |submission| submission.contains(piece))?)
}

/// What is between the tags of a question's answer, once it is not empty.
fn answer(window: &Window, question: &str) -> Outcome<String> {
    let value = |submission: &str| {
        let from = submission.find(&format!("<{question}>"))? + question.len() + 2;
        let value = submission[from..].split('<').next()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let submission = window.see_kept(question, |submission| value(submission).is_some())?;
    Ok(value(&submission).unwrap())
}

/// The name of the part in this place of those whose names begin so.
fn part(window: &Window, begins: &str, place: usize) -> Outcome<String> {
    let look = format!("return document.querySelectorAll('[data-testid^=\"{begins}\"]')[{place}]?.dataset.testid");
    window.ask_page(&look)?.as_str().map(str::to_owned).ok_or_else(|| format!("no {begins}").into())
}

fn turn(window: &Window, page: &str, mode: &str) -> Outcome {
    picture(window, &format!("{page}-{mode}"))?;
    Ok(window.press("form-next")?)
}

fn texts(window: &Window) -> Outcome {
    window.write("input-long", MONGOLIAN)?;
    keeps(window, &format!("<long>{MONGOLIAN}</long>"))?;
    window.press("open-pad-phone")?;
    for figure in ["1", "3", "8", "9"] {
        window.press(&format!("key-phone-{figure}"))?;
    }
    window.press("key-phone-erase")?;
    keeps(window, "<phone>138</phone>")?;
    window.write("input-short", "布和")?;
    window.write("input-site", "https://example.invalid/a")?;
    window.write("input-word", "天马")?;
    keeps(window, "<word>天马</word>")?;
    Ok(())
}

fn numbers(window: &Window) -> Outcome {
    window.press("more-people")?;
    window.press("more-people")?;
    window.write("input-km", "3.5")?;
    window.write("input-yuan", "1234567.8")?;
    keeps(window, "<yuan>1234567.8</yuan>")?;
    window.press("more-satisfied")?;
    window.press("star-stars-4")?;
    window.press("more-height")?;
    window.press("more-height")?;
    window.press("more-share")?;
    window.press("input-age")?;
    window.write("search-age", "17")?;
    window.press("choice-age-17")?;
    let kept = keeps(window, "<age>17</age>")?;
    for piece in
        ["<people>2</people>", "<km>3.5</km>", "<stars>4</stars>", "<height>0.5</height>", "<double>4</double>"]
    {
        assert!(kept.contains(piece), "{piece} in {kept}");
    }
    Ok(())
}

fn days(window: &Window) -> Outcome {
    window.press("input-day")?;
    first(window, "day-day-")?;
    window.press(&part(window, "day-day-", 9)?)?;
    assert!(answer(window, "day")?.ends_with("-10"));
    window.press("input-month")?;
    window.press("month-month-6")?;
    assert!(answer(window, "month")?.ends_with("-06-01"));
    window.press("input-year")?;
    window.press(&part(window, "year-year-", 0)?)?;
    assert!(answer(window, "year")?.ends_with("-01-01"));
    window.write("time-clock", "905")?;
    window.press("time-moment")?;
    assert!(answer(window, "clock")?.starts_with("09:05:00"));
    window.press("clock-clock")?;
    window.press("hour-clock-14")?;
    window.press("minute-clock-30")?;
    window.see_kept("half past two", |kept| kept.contains("<clock>14:30:00"))?;
    window.write("time-moment", "7:45")?;
    window.press("time-clock")?;
    assert!(answer(window, "moment")?.contains("T07:45:00"));
    Ok(())
}

fn choices(window: &Window) -> Outcome {
    for choice in ["one-yes", "many-sheep", "many-other", "likert-good", "columns-camel", "pack-dog"] {
        window.press(&format!("choice-{choice}"))?;
    }
    window.write("input-many_other", "骡子")?;
    window.press("input-minimal")?;
    window.press("choice-minimal-horse")?;
    window.press("choice-pictured-water")?;
    window.press("choice-mixed-cow")?;
    assert_eq!(answer(window, "mixed")?, "cow");
    let kept = keeps(window, "<mixed>cow</mixed>")?;
    for piece in [
        "<one>yes</one>",
        "<many>sheep other</many>",
        "<many_other>骡子</many_other>",
        "<likert>good</likert>",
        "<columns>camel</columns>",
        "<pack>dog</pack>",
        "<minimal>horse</minimal>",
        "<pictured>water</pictured>",
    ] {
        assert!(kept.contains(piece), "{piece} in {kept}");
    }
    let drawn = "const image = document.querySelector('[data-testid=\"choice-pictured-camp\"] img'); \
        await image.decode(); return image.naturalWidth";
    assert_eq!(window.ask_page(drawn)?, 96);
    Ok(())
}

fn lists(window: &Window) -> Outcome {
    window.press("input-household")?;
    window.press(&first(window, "choice-household-")?)?;
    assert_eq!(answer(window, "household")?.len(), 36);
    let name = answer(window, "household_name")?;
    window.see_that("question-chosen", &name, |shown| shown.contains(&name) || !shown.is_empty())?;
    window.press("choice-banner-otog")?;
    window.press("choice-sumu-ulan")?;
    keeps(window, "<sumu>ulan</sumu>")?;
    window.press("choice-banner-uxin")?;
    let kept = keeps(window, "<sumu/>")?;
    assert!(!kept.contains('\u{2063}'), "{kept}");
    Ok(())
}

/// The first part whose name begins so, as soon as there is one.
fn first(window: &Window, begins: &str) -> Outcome<String> {
    let look = format!(
        "for (;;) {{ const found = document.querySelector('[data-testid^=\"{begins}\"]'); if (found) return found.dataset.testid; \
         await new Promise((drawn) => requestAnimationFrame(drawn)) }}"
    );
    window.ask_page(&look)?.as_str().map(str::to_owned).ok_or_else(|| format!("no {begins}").into())
}

fn table(window: &Window) -> Outcome {
    window.press("choice-wires-no")?;
    window.press("down-order-road")?;
    let kept = keeps(window, "<order>well road power</order>")?;
    assert!(kept.contains("<wires>no</wires>"), "{kept}");
    Ok(())
}

fn type_point(window: &Window, question: &str, lat: &str, lon: &str) -> Outcome {
    window.overwrite(&format!("lat-{question}"), lat)?;
    window.overwrite(&format!("lon-{question}"), lon)?;
    Ok(window.press(&format!("add-typed-{question}"))?)
}

fn land(window: &Window) -> Outcome {
    // A desktop knows no place, and says so; what is known is typed.
    window.press("input-place")?;
    window.see("none-place")?;
    window.press("type-place")?;
    type_point(window, "place", "39.11423", "107.98211")?;
    keeps(window, "<place>39.11423 107.98211")?;
    window.press("type-fence")?;
    type_point(window, "fence", "39.1", "107.98")?;
    type_point(window, "fence", "39.1002", "107.98")?;
    keeps(window, "<fence>39.1 107.98;39.1002 107.98</fence>")?;
    window.press("type-field")?;
    for (lat, lon) in [("39.1", "107.98"), ("39.1", "107.9804"), ("39.1003", "107.9804")] {
        type_point(window, "field", lat, lon)?;
    }
    keeps(window, "<field>39.1 107.98;39.1 107.9804;39.1003 107.9804;39.1 107.98</field>")?;
    let shown = window.see("area-field-0")?;
    let figures: String = shown.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').collect();
    let computed: f64 = answer(window, "field_m2")?.parse()?;
    let shown: f64 = figures.parse()?;
    assert!((shown - computed).abs() <= 1.0, "{shown} and {computed}");
    // A corner by a touch on the drawing, and back.
    window.draw("grid-field", &[(15.0, 15.0)])?;
    let corners = |kept: &str| {
        kept.split("<field>").nth(1).and_then(|rest| rest.split('<').next()).map(|line| line.split(';').count())
    };
    window.see_kept("a fourth corner", |kept| corners(kept) == Some(5))?;
    window.press("undo-field")?;
    window.see_kept("three corners", |kept| corners(kept) == Some(4))?;
    Ok(())
}

const ACROSS: &[(f64, f64)] = &[(20.0, 30.0), (40.0, 60.0), (55.0, 35.0), (70.0, 60.0)];

fn media(window: &Window, files: &Path) -> Outcome {
    std::fs::write(files.join("field.jpg"), photo(200))?;
    std::fs::write(files.join("agreement.pdf"), b"%PDF-1.7")?;
    std::fs::write(files.join("program.exe"), b"MZ")?;
    // The camera of the tablet, while the draft goes on.
    window.press("camera-photo")?;
    window.press("camera-shoot")?;
    window.see("value-photo")?;
    assert!(answer(window, "photo")?.ends_with(".jpg"));
    window.give_file("input-marked", &files.join("field.jpg"))?;
    window.see("value-marked")?;
    let before = answer(window, "marked")?;
    window.press("mark-marked")?;
    window.draw("input-marked-marks", ACROSS)?;
    window.press("keep-marks-marked")?;
    window.see_kept("the marks", |kept| !kept.contains(&before) && kept.contains("<marked>"))?;
    window.draw("input-sketch", ACROSS)?;
    assert!(answer(window, "sketch")?.ends_with(".png"));
    window.draw("input-sign", ACROSS)?;
    assert!(answer(window, "sign")?.ends_with(".png"));
    window.press("record-sound")?;
    window.see_that("recording-sound", "a second", |shown| shown.contains("00:01"))?;
    window.press("stop-sound")?;
    assert!(answer(window, "sound")?.ends_with(".wav"));
    window.see("play-sound")?;
    window.give_file("input-paper", &files.join("agreement.pdf"))?;
    assert!(answer(window, "paper")?.ends_with(".pdf"));
    std::fs::write(files.join("code.png"), qr("6901234567892"))?;
    window.give_file("picture-code", &files.join("code.png"))?;
    keeps(window, "<code>6901234567892</code>")?;
    window.press("input-ack")?;
    keeps(window, "<ack>OK</ack>")?;
    Ok(())
}

fn repeats(window: &Window, mode: &str) -> Outcome {
    window.write("input-dogname", "巴斯")?;
    keeps(window, "<dogname>巴斯</dogname>")?;
    window.press("add-dogs")?;
    window.see_that("instance-dogs-0", "the first dog", |shown| shown.contains("巴斯"))?;
    window.write("input-dogname", "哈日")?;
    window.press("choice-vaccinated-yes")?;
    keeps(window, "<vaccinated>yes</vaccinated>")?;
    picture(window, &format!("dogs-{mode}"))?;
    window.press_within("instance-dogs-1", ".remove")?;
    window.see_kept("one dog", |kept| !kept.contains("哈日"))?;
    window.press("undo-dogs")?;
    keeps(window, "<dogname>哈日</dogname>")?;
    window.press("form-next")?;
    window.press_within("instance-parties-1", ".opens")?;
    window.write("input-party", "苏和")?;
    keeps(window, "<party>苏和</party>")?;
    Ok(())
}

/// Answers every question, each as an officer would, and looks at what is on the disk.
fn answers(window: &Window, files: &Path, mode: &str) -> Outcome {
    texts(window)?;
    turn(window, "texts", mode)?;
    numbers(window)?;
    turn(window, "numbers", mode)?;
    days(window)?;
    turn(window, "days", mode)?;
    choices(window)?;
    turn(window, "choices", mode)?;
    lists(window)?;
    turn(window, "lists", mode)?;
    table(window)?;
    turn(window, "table", mode)?;
    land(window)?;
    turn(window, "land", mode)?;
    media(window, files)?;
    turn(window, "media", mode)?;
    window.see("question-marked_note")?;
    turn(window, "notes", mode)?;
    repeats(window, mode)?;
    // What is missing is one touch away, and so is the end.
    window.press("form-finish")?;
    window.press("missing-stove")?;
    window.press("choice-stove-yes")?;
    keeps(window, "<stove>yes</stove>")?;
    window.press("form-jump")?;
    window.press("jump-party")?;
    window.see("instance-parties-0")?;
    Ok(())
}

fn begins_everything(window: &Window) -> Outcome {
    window.press("nav-households")?;
    window.press("household-line")?;
    window.press("household-forms")?;
    Ok(window.press("form-everything")?)
}

#[test]
fn every_kind_of_question_is_answered_in_the_window_and_what_is_signed_is_only_added_to() -> Outcome {
    let scene = scene()?;
    let window = &scene.window;
    begins_everything(window)?;
    answers(window, scene.files.path(), "both")?;
    window.press("form-finish")?;
    window.press("history-activity")?;
    window.see("visit-sealed")?;
    assert!(window.texts("visit-amend")?.is_empty(), "what somebody signed can be changed");
    window.press("visit-add")?;
    window.write("write-text", "双方来电，围栏已经修好。")?;
    window.press("write-done")?;
    window.see_that("visit-addenda", "what was added", |shown| shown.contains("围栏已经修好"))?;
    picture(window, "sealed")?;

    // Three papers of it become files.
    window.press("visit-print")?;
    let form = printed(window, "form", "a4")?;
    assert_eq!((form.width_mm, form.height_mm, form.over), (210, 297, 0), "{form:?}");
    for said in ["填写的表格", "138", "绵羊、其他", "骡子", "围栏已经修好", "已封存"] {
        assert!(form.text.contains(said), "{said} in {}", form.text);
    }
    for said in ["14:30", "2026年", "07:45"] {
        assert!(form.text.contains(said), "{said} in {}", form.text);
    }
    assert!(!form.text.contains(".000"), "{}", form.text);
    assert!(form.ink_beside > 5, "{form:?}");
    let roll = printed(window, "slip", "roll")?;
    assert_eq!((roll.width_mm, roll.pages, roll.over), (80, 1, 0), "{roll:?}");
    let sheet = printed(window, "slip", "a4")?;
    assert_eq!((sheet.width_mm, sheet.height_mm, sheet.pages, sheet.over), (210, 297, 1, 0), "{sheet:?}");
    for said in ["走访回执单", "96110", "保存 24 个月"] {
        assert!(roll.text.contains(said) && sheet.text.contains(said), "{said} in {} and {}", roll.text, sheet.text);
    }
    Ok(())
}

#[test]
fn every_kind_of_question_is_answered_in_the_vertical_window() -> Outcome {
    let scene = scene()?;
    speak(&scene.window, "mn-Mong")?;
    begins_everything(&scene.window)?;
    answers(&scene.window, scene.files.path(), "mn-Mong")
}

/// What a PDF file that the window wrote holds.
#[derive(Debug)]
struct Printed {
    pages: i64,
    width_mm: i64,
    height_mm: i64,
    /// Points by which text stands over the edge.
    over: i64,
    /// The engine writes the shapes of Mongolian letters, which cannot be read back: that they are there is seen.
    ink_beside: usize,
    text: String,
}

/// How many thousandths of the last third of a picture, where the Mongolian stands, are black.
fn ink_beside(picture: &Path) -> Outcome<usize> {
    let page = image::open(picture)?.into_luma8();
    let beside: Vec<_> = page.enumerate_pixels().filter(|(x, _, _)| *x > page.width() * 2 / 3).collect();
    Ok(beside.iter().filter(|(_, _, shade)| shade.0[0] < 128).count() * 1000 / beside.len().max(1))
}

/// Has the window write what it shows, and reads the file. Pictures of both lie beside the others.
fn printed(window: &Window, what: &str, paper: &str) -> Outcome<Printed> {
    window.press(&format!("print-{what}"))?;
    window.press(&format!("print-{paper}"))?;
    window.see_gone("print-saved")?;
    picture(window, &format!("print-{what}-{paper}"))?;
    window.press("print-save")?;
    let told = window.see("print-saved")?;
    let file = told.split_whitespace().find(|word| word.ends_with(".pdf")).ok_or("no file is named")?;
    let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/journeys/pdf.js");
    let picture = pictures()?.join(format!("forms-paper-{what}-{paper}.png"));
    let read = Command::new("node").arg(reader).arg(file).arg(&picture).output()?;
    let read: Value = serde_json::from_slice(&read.stdout)
        .map_err(|cause| format!("{cause}: {}", String::from_utf8_lossy(&read.stderr)))?;
    let number = |name: &str| format!("{:.0}", read[name].as_f64().unwrap_or(f64::NAN)).parse::<i64>().unwrap();
    Ok(Printed {
        pages: number("pages"),
        width_mm: number("widthMm"),
        height_mm: number("heightMm"),
        over: number("over"),
        ink_beside: ink_beside(&picture)?,
        text: read["text"].as_str().unwrap_or_default().to_owned(),
    })
}

#[test]
fn a_draft_outlives_a_lock_and_a_new_version_of_its_form_and_what_was_finished_is_amended_with_a_reason() -> Outcome {
    let scene = scene()?;
    let window = &scene.window;
    window.press("nav-households")?;
    window.press("household-line")?;
    window.press("start-visit")?;
    window.press("choice-outcome-visited")?;
    window.write("input-present_count", "3")?;
    let instance = instance_in(&keeps(window, "<present_count>3</present_count>")?);

    // The tablet is locked in the middle of it, and meanwhile the station publishes another version.
    let next = Offered::household_visit(Some("9999"));
    scene.station.publishes(&packs::pack("next", &[next], &[]));
    window.press("form-leave")?;
    window.press("nav-sync")?;
    window.press("sync-start")?;
    window.see_attribute("receipt", "data-covered", "true")?;
    window.press("nav-lock")?;
    window.see("lock")?;
    window.enter_pin(PIN)?;
    window.press("nav-today")?;
    window.press("today-draft")?;
    assert_eq!(window.value("input-present_count")?, "3");
    let kept = keeps(window, "<present_count>3</present_count>")?;
    assert_eq!(instance_in(&kept), instance);
    assert!(!kept.contains("version=\"9999\""), "{kept}");
    finishes(window)?;

    window.press("history-visit")?;
    window.press("visit-amend")?;
    window.overwrite("input-present_count", "4")?;
    let amending = keeps(window, "<present_count>4</present_count>")?;
    assert!(amending.contains(&format!("deprecatedID>{instance}<")), "{amending}");
    assert_ne!(instance_in(&amending), instance);
    for _ in 0..5 {
        window.press("form-next")?;
    }
    window.press("form-finish")?;
    window.write("write-text", "少数了一个人")?;
    window.press("write-done")?;
    window.see_that("visit-amended", "why", |shown| shown.contains("少数了一个人"))?;
    picture(window, "amended")?;
    Ok(())
}

fn instance_in(submission: &str) -> String {
    let from = submission.find("instanceID>").map_or(0, |at| at + "instanceID>".len());
    submission[from..].split('<').next().unwrap_or_default().to_owned()
}

/// What the visit still needs, from its first page to the end.
fn finishes(window: &Window) -> Outcome {
    window.press("choice-purpose-visit")?;
    window.press("form-next")?;
    window.press("choice-topics-fraud")?;
    window.press("choice-fraud_app-installed_now")?;
    for _ in 0..2 {
        window.press("form-next")?;
    }
    window.press("choice-follow_up-no")?;
    window.press("form-next")?;
    window.press("form-next")?;
    window.press("choice-signed-declined")?;
    Ok(window.press("form-finish")?)
}
