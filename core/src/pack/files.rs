//! The files of a pack, and the bytes in which they travel.
//!
//! Unpacked (zstd), the bytes are an index (a line `HASH SIZE NAME` for each file, in the order of their names, and an empty line)
//! and the files one after another. The BLAKE3 hash of the index is the pack's name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Read as _};

use super::PackError;
use crate::hash::Hash;

/// A pack may not have more files.
pub const MAX_PACK_FILES: usize = 500;
/// The files of a pack may not have more bytes together.
pub const MAX_PACK_BYTES: usize = 32 << 20;

const FOLDERS: [&str; 2] = ["forms/", "media/"];
const NAME_MAX_BYTES: usize = 200;
const LEVEL: i32 = 9;

/// The files of a pack by name: `pack.json`, `forms/ID.xml`, `media/NAME`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackFiles(BTreeMap<String, Vec<u8>>);

impl PackFiles {
    /// Takes files as a pack's.
    ///
    /// # Errors
    /// [`PackError::Stranger`] for a name that no pack has, [`PackError::TooLarge`].
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Result<Self, PackError> {
        if let Some(stranger) = files.keys().find(|name| !is_a_packs(name)) {
            return Err(PackError::Stranger(stranger.clone()));
        }
        if files.len() > MAX_PACK_FILES || files.values().map(Vec::len).sum::<usize>() > MAX_PACK_BYTES {
            return Err(PackError::TooLarge);
        }
        Ok(Self(files))
    }

    /// The bytes of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The files in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// Says the whole content.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(self.index().as_bytes())
    }

    fn index(&self) -> String {
        let mut index = String::new();
        for (name, bytes) in self.iter() {
            // Writing to a string does not fail.
            let _ = writeln!(index, "{} {} {name}", Hash::of(bytes), bytes.len());
        }
        index
    }

    /// The bytes in which they travel.
    ///
    /// # Errors
    /// What zstd says.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PackError> {
        let mut plain = self.index().into_bytes();
        plain.push(b'\n');
        self.iter().for_each(|(_, bytes)| plain.extend_from_slice(bytes));
        zstd::encode_all(plain.as_slice(), LEVEL).map_err(PackError::Unreadable)
    }

    /// Reads them; every byte is checked against the index.
    ///
    /// # Errors
    /// [`PackError::Unreadable`] for anything but what [`PackFiles::to_bytes`] writes, [`PackError::TooLarge`],
    /// [`PackError::Stranger`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackError> {
        let most = MAX_PACK_BYTES + MAX_PACK_FILES * (NAME_MAX_BYTES + 100);
        let mut plain = Vec::new();
        let mut unpacking = zstd::Decoder::new(bytes).map_err(PackError::Unreadable)?.take(most as u64 + 1);
        unpacking.read_to_end(&mut plain).map_err(PackError::Unreadable)?;
        if plain.len() > most {
            return Err(PackError::TooLarge);
        }
        let end = plain.windows(2).position(|two| two == b"\n\n").ok_or_else(wrong)?;
        let (index, mut rest) = plain.split_at_checked(end + 2).ok_or_else(wrong)?;
        let mut files = BTreeMap::new();
        for line in std::str::from_utf8(index).map_err(|_| wrong())?.lines().filter(|line| !line.is_empty()) {
            let mut parts = line.splitn(3, ' ');
            let (Some(hash), Some(size), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(wrong());
            };
            let (file, after) = size.parse().ok().and_then(|size| rest.split_at_checked(size)).ok_or_else(wrong)?;
            if Hash::of(file).to_string() != hash || files.insert(name.to_owned(), file.to_vec()).is_some() {
                return Err(wrong());
            }
            rest = after;
        }
        let files = Self::new(files)?;
        // One content has one index: a name that was written in another way would be another pack.
        let is_whole = rest.is_empty() && files.index().as_bytes() == index.strip_suffix(b"\n").unwrap_or(index);
        if is_whole { Ok(files) } else { Err(wrong()) }
    }
}

fn wrong() -> PackError {
    PackError::Unreadable(Error::from(ErrorKind::InvalidData))
}

fn is_a_packs(name: &str) -> bool {
    let plain = |name: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(known)
    };
    name.len() <= NAME_MAX_BYTES
        && (name == "pack.json" || FOLDERS.iter().any(|folder| name.strip_prefix(folder).is_some_and(plain)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        of.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn files_survive_their_bytes_and_one_content_has_one_hash() {
        let pack =
            PackFiles::new(files(&[("pack.json", "{}\n\n"), ("forms/a.xml", ""), ("media/b.png", "\0\u{1}")])).unwrap();
        let bytes = pack.to_bytes().unwrap();
        assert_eq!(PackFiles::from_bytes(&bytes).unwrap(), pack);
        let other = PackFiles::new(files(&[("pack.json", "{}\n\n"), ("forms/a.xml", " "), ("media/b.png", "\0\u{1}")]))
            .unwrap();
        assert_ne!(other.hash(), pack.hash());
    }

    #[test]
    fn bytes_that_are_changed_cut_or_longer_are_refused_or_another_pack() {
        let pack = PackFiles::new(files(&[("pack.json", "{}"), ("forms/a.xml", "<a/>")])).unwrap();
        let plain = zstd::decode_all(pack.to_bytes().unwrap().as_slice()).unwrap();
        let read = |plain: &[u8]| PackFiles::from_bytes(&zstd::encode_all(plain, 1).unwrap());
        assert_eq!(read(&plain).unwrap(), pack);
        for at in 0..plain.len() {
            let mut changed = plain.clone();
            changed[at] ^= 1;
            assert!(!read(&changed).is_ok_and(|other| other.hash() == pack.hash()), "{at}");
            assert!(read(&plain[..at]).is_err(), "{at}");
        }
        let longer = [plain.as_slice(), b"x"].concat();
        assert!(read(&longer).is_err());
        assert!(matches!(PackFiles::from_bytes(b"no zstd"), Err(PackError::Unreadable(_))));
    }

    #[test]
    fn a_pack_that_unpacks_to_more_than_packs_may_have_is_refused() {
        let bomb = zstd::encode_all(vec![0; MAX_PACK_BYTES * 2].as_slice(), 1).unwrap();
        assert!(matches!(PackFiles::from_bytes(&bomb), Err(PackError::TooLarge)));
        let large = [("media/x".to_owned(), vec![0; MAX_PACK_BYTES + 1])].into();
        assert!(matches!(PackFiles::new(large), Err(PackError::TooLarge)));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in
            ["../x", "/etc/passwd", "forms/../x", "forms/a/b", "media/", "media/.x", "forms\\a", "x.json", "media/\n"]
        {
            assert!(matches!(PackFiles::new(files(&[(name, "")])), Err(PackError::Stranger(_))), "{name:?}");
        }
    }
}
