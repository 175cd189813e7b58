//! What comes from spreadsheets, from the form engine and from the camera: XForms, packs, submissions, pictures.

use std::collections::BTreeMap;
use std::io::Cursor;

use ailchin_core::device::read_qr;
use ailchin_core::form::{FormModel, FormRules};
use ailchin_core::pack::{self, Pack, PackFiles};
use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, QrCode};

use super::Target;
use crate::NOW;
use crate::tablet::a_visit;

pub(super) fn targets() -> Vec<Target> {
    let form = &pack::builtin().unwrap().forms[0];
    let model = form.model.clone();
    let submission = model.fill(&a_visit("visit"), "uuid:1", NOW, NOW).unwrap();
    let short = "<h:html xmlns:h='http://www.w3.org/1999/xhtml' xmlns='http://www.w3.org/2002/xforms'><h:head><h:title>t</h:title>\
        <model><instance><data id='f' version='1'><a/><g><b/></g><meta><instanceID/></meta></data></instance>\
        <bind nodeset='/data/a' type='int' required='true()'/></model></h:head><h:body><input ref='/data/a'><label>a</label></input>\
        </h:body></h:html>";
    vec![
        Target::new("submission", vec![submission.into_bytes()], move |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(read) = model.read(text) else { return false };
            // What can be filled in without a form engine says the same.
            if let Ok(filled) = model.fill(&read.answers, &read.instance_id, NOW, NOW) {
                assert_eq!(model.read(&filled).unwrap().answers, read.answers);
            }
            true
        }),
        Target::new("xform", vec![form.xform.clone().into_bytes(), short.as_bytes().to_vec()], |bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(read) = FormModel::parse(text) else { return false };
            let again = FormModel::parse(text).unwrap();
            assert_eq!(format!("{read:?}"), format!("{again:?}"));
            true
        }),
        manifest(short),
        pack_bytes(),
        qr(),
    ]
    .into_iter()
    .chain(rules(short))
    .collect()
}

/// The manifest of a pack whose one form is short.
fn manifest(xform: &'static str) -> Target {
    let manifest = include_str!("../../../packs/anmulong/pack.json").to_owned();
    let of_builtin = pack::builtin().unwrap().forms.iter().map(|form| (form.model.id.clone(), form.xform.clone()));
    let forms = of_builtin.chain([("f".to_owned(), xform.to_owned())]);
    let forms: BTreeMap<String, Vec<u8>> =
        forms.map(|(id, form)| (format!("forms/{id}.xml"), form.into_bytes())).collect();
    Target::new("pack", vec![manifest.into_bytes()], move |bytes| {
        let mut files = forms.clone();
        files.insert("pack.json".to_owned(), bytes.to_vec());
        PackFiles::new(files).and_then(Pack::read).is_ok()
    })
}

/// The bytes in which a pack travels, unpacked: whatever is in them, one content has one hash.
fn pack_bytes() -> Target {
    let whole = pack::builtin().unwrap().files.to_bytes().unwrap();
    let short = [("pack.json", "{}"), ("forms/f.xml", "<f/>")].map(|(name, text)| (name.to_owned(), text.into()));
    let short = PackFiles::new(short.into()).unwrap().to_bytes().unwrap();
    let seeds = [whole, short].map(|bytes| zstd::decode_all(bytes.as_slice()).unwrap());
    Target::new("pack bytes", seeds.to_vec(), |bytes| {
        let Ok(files) = PackFiles::from_bytes(&zstd::encode_all(bytes, 1).unwrap()) else { return false };
        let again = PackFiles::from_bytes(&files.to_bytes().unwrap()).unwrap();
        assert_eq!(again.hash(), files.hash());
        true
    })
}

/// What a form demands, and submissions judged by it.
fn rules(short: &'static str) -> [Target; 2] {
    let form = &pack::builtin().unwrap().forms[0];
    let submission = form.model.fill(&a_visit("visit"), "uuid:1", NOW, NOW).unwrap();
    let rules = FormRules::parse(&form.xform).unwrap();
    let judged = submission.clone();
    [
        Target::new("form rules", vec![short.into(), form.xform.clone().into_bytes()], move |bytes| {
            let Ok(rules) = std::str::from_utf8(bytes).map(FormRules::parse) else { return false };
            rules.is_ok_and(|rules| rules.check(&judged).is_ok())
        }),
        Target::new("form check", vec![submission.into_bytes()], move |bytes| {
            std::str::from_utf8(bytes).is_ok_and(|text| rules.check(text).is_ok())
        }),
    ]
}

/// Pictures with and without a code.
fn qr() -> Target {
    let code = QrCode::new("ailchin1:eyJhIjoiaHR0cDovLzEyNy4wLjAuMSIsInQiOiJ0In0").unwrap();
    let (side, colours) = (u32::try_from(code.width()).unwrap(), code.to_colors());
    let picture = GrayImage::from_fn((side + 8) * 3, (side + 8) * 3, |x, y| {
        let (x, y) = ((x / 3).wrapping_sub(4), (y / 3).wrapping_sub(4));
        let dark = x < side && y < side && colours[usize::try_from(y * side + x).unwrap()] == Color::Dark;
        Luma([if dark { 0 } else { 255 }])
    });
    let as_format = |format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    Target::new("qr picture", vec![as_format(ImageFormat::Png), as_format(ImageFormat::Jpeg)], |bytes| {
        let Ok(text) = read_qr(bytes) else { return false };
        let _ = ailchin_core::sync::Invite::read(&text);
        true
    })
}
