//! What comes from spreadsheets, from the form engine and from the camera: XForms, packs, submissions, pictures.

use std::collections::BTreeMap;
use std::io::Cursor;

use ailchin_core::device::read_qr;
use ailchin_core::form::FormModel;
use ailchin_core::pack::{self, Pack};
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
        qr(),
    ]
}

/// The manifest of a pack whose one form is short.
fn manifest(xform: &'static str) -> Target {
    let manifest = include_str!("../../../packs/anmulong/pack.json").to_owned();
    let of_builtin = pack::builtin().unwrap().forms.iter().map(|form| (form.model.id.clone(), form.xform.clone()));
    let forms: BTreeMap<String, String> = of_builtin.chain([("f".to_owned(), xform.to_owned())]).collect();
    Target::new("pack", vec![manifest.into_bytes()], move |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let forms: BTreeMap<&str, &str> = forms.iter().map(|(id, form)| (id.as_str(), form.as_str())).collect();
        Pack::parse(text, &forms).is_ok()
    })
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
