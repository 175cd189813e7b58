//! Pictures before they are kept: turned upright, scaled down, without the camera's notes about place and owner.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgba, RgbaImage};

use super::DeviceError;
use crate::error::Code;
use crate::hash::Hash;
use crate::replica::StoredBlob;

/// The largest picture that is taken in.
pub const MAX_PICTURE_BYTES: usize = 16 * 1024 * 1024;

const LONGEST_SIDE_PX: u32 = 1_600;
const JPEG_QUALITY: u8 = 80;
const MAX_SIDE_PX: u32 = 20_000;
/// Any camera's, and no small file that unpacks to more than a tablet's memory.
const MAX_PIXELS: u64 = 64 * 1024 * 1024;
const MAX_DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// A PNG larger than this is no drawing but a photo, and kept as one.
const MAX_PNG_BYTES: usize = 1024 * 1024;

/// Re-encodes a JPEG or PNG: upright, at most 1,600 pixels on its longest side, no metadata. A drawing stays a PNG.
///
/// # Errors
/// [`Code::TooLarge`] for more than 16 MiB or 64 megapixels, [`DeviceError::Picture`] for what is neither JPEG nor PNG.
pub(super) fn take_in(bytes: &[u8]) -> Result<StoredBlob, DeviceError> {
    let (picture, format) = read(bytes)?;
    let picture = match picture.width().max(picture.height()) > LONGEST_SIDE_PX {
        true => picture.resize(LONGEST_SIDE_PX, LONGEST_SIDE_PX, image::imageops::FilterType::CatmullRom),
        false => picture,
    };
    let drawing = match format {
        ImageFormat::Png => Some(encoded_png(&picture)?).filter(|bytes| bytes.len() <= MAX_PNG_BYTES),
        _ => None,
    };
    let (bytes, media_type) = match drawing {
        Some(bytes) => (bytes, "image/png"),
        None => (encoded_jpeg(picture)?, "image/jpeg"),
    };
    Ok(StoredBlob { hash: Hash::of(&bytes), media_type: media_type.to_owned(), bytes })
}

fn encoded_png(picture: &DynamicImage) -> Result<Vec<u8>, DeviceError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(DeviceError::Picture)?;
    Ok(bytes.into_inner())
}

/// What can be seen through becomes white, as paper.
fn encoded_jpeg(picture: DynamicImage) -> Result<Vec<u8>, DeviceError> {
    let opaque = match picture.color().has_alpha() {
        true => {
            let seen = picture.to_rgba8();
            let mut paper = RgbaImage::from_pixel(seen.width(), seen.height(), Rgba([255; 4]));
            image::imageops::overlay(&mut paper, &seen, 0, 0);
            DynamicImage::ImageRgba8(paper).into_rgb8()
        }
        false => picture.into_rgb8(),
    };
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    opaque.write_with_encoder(encoder).map_err(DeviceError::Picture)?;
    Ok(bytes)
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
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
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

    /// What a camera writes beside a picture: how it was held, and where it was taken.
    fn exif(orientation: u8) -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
        };
        let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
        tiff.extend(2_u16.to_be_bytes());
        tiff.extend(entry(0x0112, 3, 1, [0, orientation, 0, 0]));
        tiff.extend(entry(0x8825, 4, 1, 38_u32.to_be_bytes()));
        tiff.extend([0; 4]);
        // The place: latitude north, 42° 36' 36".
        tiff.extend(2_u16.to_be_bytes());
        tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
        tiff.extend(entry(2, 5, 3, 68_u32.to_be_bytes()));
        tiff.extend([0; 4]);
        for part in [42_u32, 1, 36, 1, 36, 1] {
            tiff.extend(part.to_be_bytes());
        }
        tiff
    }

    const PLACE: &[u8] = &[0, 0, 0, 42, 0, 0, 0, 1, 0, 0, 0, 36];

    fn with_exif(mut jpeg: Vec<u8>, orientation: u8) -> Vec<u8> {
        let body = [b"Exif\0\0", exif(orientation).as_slice()].concat();
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        jpeg.splice(2..2, [b"\xff\xe1", length.as_slice(), &body].concat());
        jpeg
    }

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_large_photo_is_scaled_and_loses_its_exif() {
        let photo = with_exif(jpeg(4_000, 3_000), 1);
        assert!(holds(&photo, b"Exif") && holds(&photo, PLACE));
        let kept = take_in(&photo).unwrap();
        let (picture, format) = read(&kept.bytes).unwrap();
        assert_eq!((picture.width(), picture.height(), format), (1_600, 1_200, ImageFormat::Jpeg));
        assert!(!holds(&kept.bytes, b"Exif") && !holds(&kept.bytes, PLACE));
        assert_eq!(kept.hash, Hash::of(&kept.bytes));
    }

    #[test]
    fn a_photo_is_upright_however_the_camera_was_held() {
        // The upper left of what the officer saw is white, the rest black. Where that is in the camera's picture, by EXIF.
        let corners = [(1, 0, 0), (2, 1, 0), (3, 1, 1), (4, 0, 1), (5, 0, 0), (6, 0, 1), (7, 1, 1), (8, 1, 0)];
        for (orientation, right, lower) in corners {
            let turned = orientation > 4;
            let (width, height) = if turned { (40, 80) } else { (80, 40) };
            let picture = image::RgbImage::from_fn(width, height, |x, y| {
                let white = (x >= width / 2) == (right == 1) && (y >= height / 2) == (lower == 1);
                image::Rgb([if white { 255 } else { 0 }; 3])
            });
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
            let kept = take_in(&with_exif(bytes.into_inner(), orientation)).unwrap();
            let seen = read(&kept.bytes).unwrap().0.to_luma8();
            assert_eq!((seen.width(), seen.height()), (80, 40), "{orientation}");
            let light = |x, y| seen.get_pixel(x, y).0[0] > 128;
            let corners = [light(10, 10), light(70, 10), light(10, 30), light(70, 30)];
            assert_eq!(corners, [true, false, false, false], "{orientation}");
        }
    }

    #[test]
    fn a_drawing_stays_a_png_and_loses_what_is_written_beside_it() {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgba8(300, 100).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let mut drawing = bytes.into_inner();
        for (name, body) in [(b"tEXt", b"Author\0somebody".to_vec()), (b"eXIf", exif(1))] {
            let named = [&name[..], &body].concat();
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            // After the signature and the header.
            drawing.splice(33..33, [&length[..], &named, &crc(&named).to_be_bytes()].concat());
        }
        assert!(holds(&drawing, b"somebody") && holds(&drawing, PLACE));
        let kept = take_in(&drawing).unwrap();
        assert_eq!(kept.media_type, "image/png");
        assert!(!holds(&kept.bytes, b"tEXt") && !holds(&kept.bytes, b"eXIf") && !holds(&kept.bytes, PLACE));
    }

    /// The check sum of a part of a PNG.
    fn crc(bytes: &[u8]) -> u32 {
        let step = |sum: u32, byte: &u8| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
        };
        !bytes.iter().fold(u32::MAX, step)
    }

    #[test]
    fn a_photo_that_came_as_a_png_is_kept_as_a_photo_on_white() {
        let noise = RgbaImage::from_fn(1_000, 1_000, |x, y| {
            let n = (x * 7_919 + y * 104_729).wrapping_mul(2_654_435_761).to_be_bytes();
            Rgba([n[0], n[1], n[2], if x < 500 { 255 } else { 0 }])
        });
        let mut bytes = Cursor::new(Vec::new());
        noise.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let kept = take_in(&bytes.into_inner()).unwrap();
        assert!(kept.media_type == "image/jpeg" && kept.bytes.len() < crate::sync::MAX_BLOB_BYTES);
        assert!(read(&kept.bytes).unwrap().0.to_luma8().get_pixel(900, 500).0[0] > 250);
    }

    /// Eight by eight pixels of red, as programs for printing write it: four inks, each stored as what is left of white.
    fn red_in_cmyk() -> Vec<u8> {
        let part = |mark: u8, body: &[u8]| {
            let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
            [&[0xff, mark][..], &length, body].concat()
        };
        let table = |class: u8, counts: [u8; 2], symbols: &[u8]| [&[class][..], &counts, &[0; 14], symbols].concat();
        // Full and no light of an ink: a code for the length, the value, the end of the block.
        let (full, none) = ("0".to_owned() + "1111111000" + "0", "10".to_owned() + "01111111111" + "0");
        let mut bits = [full.as_str(), &none, &none, &full].concat();
        while bits.len() % 8 != 0 {
            bits.push('1');
        }
        let data = bits.as_bytes().chunks(8).flat_map(|byte| {
            let byte = byte.iter().fold(0, |sum, bit| sum << 1 | (bit - b'0'));
            if byte == 0xff { vec![0xff, 0] } else { vec![byte] }
        });
        [
            b"\xff\xd8".to_vec(),
            part(0xee, b"Adobe\0\x64\0\0\0\0\0"),
            part(0xdb, &[&[0][..], &[1; 64]].concat()),
            part(0xc0, &[8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0]),
            part(0xc4, &table(0x00, [1, 1], &[10, 11])),
            part(0xc4, &table(0x10, [1, 0], &[0])),
            part(0xda, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]),
            data.collect(),
            b"\xff\xd9".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn a_photo_in_printers_colours_keeps_its_colours() {
        let kept = take_in(&red_in_cmyk()).unwrap();
        let [r, g, b] = read(&kept.bytes).unwrap().0.to_rgb8().get_pixel(4, 4).0;
        assert!(r > 180 && g < 90 && b < 90, "{r} {g} {b}");
    }

    #[test]
    fn a_small_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() {
        let mut bomb = jpeg(8, 8);
        let frame = bomb.windows(2).position(|mark| mark == b"\xff\xc0").unwrap();
        // Height and width as the file says them.
        bomb.splice(frame + 5..frame + 9, [0x30, 0, 0x30, 0]);
        assert_eq!(take_in(&bomb).unwrap_err().code(), Code::TooLarge);
        bomb.splice(frame + 5..frame + 9, [0xff, 0xff, 0xff, 0xff]);
        assert!(take_in(&bomb).is_err());
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
