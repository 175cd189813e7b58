//! Pictures of signatures: a few pen strokes that spell nothing.

use std::io::Cursor;

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::time::Instant;
use image::{GrayImage, ImageFormat, Luma};
use serde_json::{Value, json};

use super::DemoError;
use super::chance::Chance;
use crate::blobs::Blobs;
use crate::store::Store;

const WIDTH: u32 = 240;
const HEIGHT: u32 = 80;
const MEDIA_TYPE: &str = "image/png";

/// The name of the file in a submission.
pub(super) const FILE_NAME: &str = "signature.png";

/// Draws `count` signatures, keeps them as blobs, and returns the values that name them.
pub(super) fn draw(
    store: &Store,
    blobs: &Blobs,
    station: StationId,
    count: usize,
    chance: Chance<'_>,
    now: Instant,
) -> Result<Vec<Value>, DemoError> {
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let mut bytes = Cursor::new(Vec::new());
        stroke(chance).write_to(&mut bytes, ImageFormat::Png).map_err(DemoError::Picture)?;
        let bytes = bytes.into_inner();
        let hash = Hash::of(&bytes);
        let size = bytes.len();
        blobs.keep_and_wait(hash, bytes).map_err(DemoError::Blob)?;
        store.keep_blob(station, hash, size as u64, MEDIA_TYPE, now)?;
        values.push(json!({ "blob": hash, "name": FILE_NAME, "size_bytes": size, "media_type": MEDIA_TYPE }));
    }
    Ok(values)
}

/// A line that wanders from left to right.
fn stroke(chance: Chance<'_>) -> GrayImage {
    let mut picture = GrayImage::from_pixel(WIDTH, HEIGHT, Luma([255]));
    let mut y = i64::from(HEIGHT / 2);
    let mut slope = 0;
    for x in 10..WIDTH - 10 {
        if x % 6 == 0 {
            slope = chance.between(-4, 4);
        }
        y = (y + slope).clamp(8, i64::from(HEIGHT) - 8);
        for thick in -1..=1 {
            let row = u32::try_from(y + thick).unwrap_or(0);
            picture.put_pixel(x, row, Luma([20]));
        }
    }
    picture
}
