//! Pictures before they are kept: turned upright, scaled down, without the camera's notes about place and owner.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use super::DeviceError;
use crate::error::Code;
use crate::hash::Hash;
use crate::replica::StoredBlob;

/// The largest picture that is taken in.
pub const MAX_PICTURE_BYTES: usize = 16 * 1024 * 1024;

const LONGEST_SIDE_PX: u32 = 1_600;
const JPEG_QUALITY: u8 = 80;
const MAX_SIDE_PX: u32 = 20_000;
const MAX_DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// Re-encodes a JPEG or PNG: upright, at most 1,600 pixels on its longest side, no metadata. A PNG stays a PNG.
///
/// # Errors
/// [`Code::TooLarge`] for more than 16 MiB, [`DeviceError::Picture`] for what is neither JPEG nor PNG.
pub(super) fn take_in(bytes: &[u8]) -> Result<StoredBlob, DeviceError> {
    let (picture, format) = read(bytes)?;
    let picture = match picture.width().max(picture.height()) > LONGEST_SIDE_PX {
        true => picture.resize(LONGEST_SIDE_PX, LONGEST_SIDE_PX, image::imageops::FilterType::CatmullRom),
        false => picture,
    };
    let mut kept = Cursor::new(Vec::new());
    let media_type = if format == ImageFormat::Png {
        picture.write_to(&mut kept, ImageFormat::Png).map_err(DeviceError::Picture)?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut kept, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder).map_err(DeviceError::Picture)?;
        "image/jpeg"
    };
    let bytes = kept.into_inner();
    Ok(StoredBlob { hash: Hash::of(&bytes), media_type: media_type.to_owned(), bytes })
}

/// Reads the text of the first QR code in a picture.
///
/// # Errors
/// [`Code::PictureUnreadable`] if there is none.
pub fn read_qr(bytes: &[u8]) -> Result<String, DeviceError> {
    let (picture, _) = read(bytes)?;
    let grey = picture.to_luma8();
    let side = |px: u32| usize::try_from(px).unwrap_or(0);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(side(grey.width()), side(grey.height()), |x, y| {
        grey.as_raw()[y * side(grey.width()) + x]
    });
    let text = prepared.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text);
    text.ok_or(DeviceError::Refused(Code::PictureUnreadable))
}

fn read(bytes: &[u8]) -> Result<(DynamicImage, ImageFormat), DeviceError> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(DeviceError::file("reading a picture"))?;
    let format = reader.format().ok_or(DeviceError::Refused(Code::PictureUnreadable))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(DeviceError::Picture)?;
    let orientation = decoder.orientation().map_err(DeviceError::Picture)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(DeviceError::Picture)?;
    picture.apply_orientation(orientation);
    Ok((picture, format))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_large_photo_is_scaled_and_loses_its_exif() {
        let mut photo = jpeg(4_000, 3_000);
        let exif = b"\xff\xe1\x00\x14Exif\0\0MM\0*\0\0\0\x08\0\0\0\0";
        photo.splice(2..2, exif.iter().copied());
        assert!(photo.windows(4).any(|window| window == b"Exif"));
        let kept = take_in(&photo).unwrap();
        let (picture, format) = read(&kept.bytes).unwrap();
        assert_eq!((picture.width(), picture.height(), format), (1_600, 1_200, ImageFormat::Jpeg));
        assert!(!kept.bytes.windows(4).any(|window| window == b"Exif"));
        assert_eq!(kept.hash, Hash::of(&kept.bytes));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in [&b""[..], b"GIF89a", b"\xff\xd8\xff\xe0 cut"] {
            assert_eq!(take_in(bytes).unwrap_err().code(), Code::PictureUnreadable);
        }
        assert_eq!(take_in(&vec![0; MAX_PICTURE_BYTES + 1]).unwrap_err().code(), Code::TooLarge);
        assert_eq!(read_qr(&jpeg(64, 64)).unwrap_err().code(), Code::PictureUnreadable);
    }
}
