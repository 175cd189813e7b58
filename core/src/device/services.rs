//! What a device can do that a program cannot: know where it is, take a picture, keep a secret.
//!
//! Each has an implementation for the desktop and one for tests; a tablet's system brings its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::device::DeviceError;
use crate::error::Code;
use crate::view::{Fix, PageSize};

/// Knows where the device is.
pub trait Position: Send + Sync {
    /// The newest fix; `None` if the device cannot know. Never a made-up place.
    fn fix(&self) -> Option<Fix>;
}

/// Takes pictures.
pub trait Camera: Send + Sync {
    /// The bytes of a picture just taken; `None` if the device has no camera and the officer is to choose a file.
    fn take(&self) -> Option<Vec<u8>>;
}

/// Keeps the device's secret apart from the replica, where a copied folder does not bring it along.
pub trait SecretStore: Send + Sync {
    /// The secret; `None` if there is none yet.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn load(&self) -> Result<Option<[u8; 32]>, DeviceError>;

    /// Keeps the secret.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn save(&self, secret: &[u8; 32]) -> Result<(), DeviceError>;

    /// Forgets the secret; forgotten twice is forgotten once.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn forget(&self) -> Result<(), DeviceError>;
}

/// Prints what the device's window shows.
pub trait Printer: Send + Sync {
    /// Writes the window's page, as it is laid out for paper, into a PDF file; one that is there is replaced.
    ///
    /// # Errors
    /// [`Code::NoPrinter`] if there is no window or its system cannot do this, [`DeviceError::File`] if it failed.
    fn to_pdf(&self, file: &Path, page: &PageSize) -> Result<(), DeviceError>;
}

/// Whether what travels is paid for by the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metered {
    /// A mobile network, or one that somebody marked as such.
    Yes,
    /// Wi-Fi or a cable.
    No,
    /// The device cannot know. Taken as not metered: photos that never leave help nobody.
    Unknown,
}

/// Knows which network the device is on.
pub trait Network: Send + Sync {
    /// What is known now.
    fn metered(&self) -> Metered;
}

/// A desktop: no receiver, no camera of its own, no window.
#[derive(Debug, Clone, Copy, Default)]
pub struct Desktop;

impl Position for Desktop {
    fn fix(&self) -> Option<Fix> {
        None
    }
}

impl Camera for Desktop {
    fn take(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Network for Desktop {
    fn metered(&self) -> Metered {
        Metered::Unknown
    }
}

impl Printer for Desktop {
    fn to_pdf(&self, _file: &Path, _page: &PageSize) -> Result<(), DeviceError> {
        Err(DeviceError::Refused(Code::NoPrinter))
    }
}

/// A network of which is known what a test sets.
#[derive(Debug, Clone)]
pub struct SetNetwork(pub std::sync::Arc<std::sync::Mutex<Metered>>);

impl Network for SetNetwork {
    fn metered(&self) -> Metered {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A fixed place, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedPlace(pub Fix);

impl Position for FixedPlace {
    fn fix(&self) -> Option<Fix> {
        Some(self.0)
    }
}

/// A fixed picture, for tests.
#[derive(Debug, Clone)]
pub struct FixedPicture(pub Vec<u8>);

impl Camera for FixedPicture {
    fn take(&self) -> Option<Vec<u8>> {
        Some(self.0.clone())
    }
}

/// A file that only its owner can read: what a desktop without a key store has.
#[derive(Debug, Clone)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// Keeps the secret in this file.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }
}

impl SecretStore for SecretFile {
    fn load(&self) -> Result<Option<[u8; 32]>, DeviceError> {
        match std::fs::read(&self.0) {
            Ok(bytes) => Ok(bytes.try_into().ok()),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DeviceError::File { doing: "reading the device's secret", source }),
        }
    }

    fn save(&self, secret: &[u8; 32]) -> Result<(), DeviceError> {
        super::files::write_whole(&self.0, secret).map_err(DeviceError::file("keeping the device's secret"))
    }

    fn forget(&self) -> Result<(), DeviceError> {
        let doing = || DeviceError::file("forgetting the device's secret");
        // In place, so that where it stood there is nothing, as far as the disk keeps to that.
        match std::fs::OpenOptions::new().write(true).open(&self.0) {
            Ok(mut file) => file.write_all(&[0; 32]).and_then(|()| file.sync_all()).map_err(doing())?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(doing()(cause)),
        }
        std::fs::remove_file(&self.0).map_err(doing())
    }
}

/// A secret in memory, for tests.
#[derive(Debug, Default)]
pub struct SecretInMemory(std::sync::Mutex<Option<[u8; 32]>>);

impl SecretStore for SecretInMemory {
    fn load(&self) -> Result<Option<[u8; 32]>, DeviceError> {
        Ok(*self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn save(&self, secret: &[u8; 32]) -> Result<(), DeviceError> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(*secret);
        Ok(())
    }

    fn forget(&self) -> Result<(), DeviceError> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        Ok(())
    }
}
