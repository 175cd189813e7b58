//! The pack that is built into the program.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Pack, PackError, PackFiles};

macro_rules! files {
    ($($name:literal,)*) => {
        [$(($name, include_bytes!(concat!("../../../packs/anmulong/", $name)).as_slice()),)*]
    };
}

const FILES: &[(&str, &[u8])] = &files![
    "pack.json",
    "forms/dispute_intake.xml",
    "forms/fraud_wakeup.xml",
    "forms/gathering.xml",
    "forms/hazard.xml",
    "forms/household_visit.xml",
    "forms/mediation_session.xml",
    "forms/opinion.xml",
    "forms/outreach_event.xml",
    "forms/patrol.xml",
    "forms/return_visit.xml",
    "forms/service_request.xml",
    "forms/star_rating.xml",
];

static BUILTIN: LazyLock<Result<Arc<Pack>, PackError>> = LazyLock::new(|| {
    let files: BTreeMap<String, Vec<u8>> =
        FILES.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    Pack::read(PackFiles::new(files)?).map(Arc::new)
});

/// The pack built into the program, read once.
///
/// # Errors
/// [`PackError`] if the program was built from a faulty pack; a test reads it, so a release never answers so.
pub fn builtin() -> Result<&'static Arc<Pack>, &'static PackError> {
    BUILTIN.as_ref()
}
