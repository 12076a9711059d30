//! The directory that holds all of one user's state. Nothing is written outside it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The platform names no data directory and none was given.
    #[error("no data directory on this system: name one with --profile DIR or RINGBOOK_PROFILE")]
    NoDirectory,
    /// The directory or a file in it cannot be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// What could not be made or opened.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another phone runs on it.
    #[error("another Ringbook is running on the profile {}", dir.display())]
    InUse {
        /// The profile.
        dir: PathBuf,
    },
}

/// One user's directory.
#[derive(Debug, Clone)]
pub struct Profile {
    dir: PathBuf,
}

impl Profile {
    /// The directory asked for by `--profile` or `RINGBOOK_PROFILE` (`given`), else the
    /// platform's data directory.
    pub fn locate(given: Option<PathBuf>) -> Result<Self, ProfileError> {
        let dir = match given {
            Some(dir) => std::path::absolute(&dir)
                .map_err(|source| ProfileError::Io { path: dir, source })?,
            None => directories::ProjectDirs::from("", "", "ringbook")
                .ok_or(ProfileError::NoDirectory)?
                .data_dir()
                .to_owned(),
        };
        Ok(Self { dir })
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `settings.toml`
    pub fn settings(&self) -> PathBuf {
        self.dir.join("settings.toml")
    }

    /// `tariffs.toml`
    pub fn tariffs(&self) -> PathBuf {
        self.dir.join("tariffs.toml")
    }

    /// `ringbook.db`
    pub fn database(&self) -> PathBuf {
        self.dir.join("ringbook.db")
    }

    /// `recordings/`
    pub fn recordings(&self) -> PathBuf {
        self.dir.join("recordings")
    }

    /// `control.sock`
    pub fn control_socket(&self) -> PathBuf {
        self.dir.join("control.sock")
    }

    /// `log/`
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Makes the directory, for its owner alone. One that exists keeps its mode: it may be a
    /// directory the user shares on purpose.
    pub fn create(&self) -> Result<(), ProfileError> {
        make_private_dir(&self.dir)
    }

    /// Makes `recordings/`.
    pub fn create_recordings(&self) -> Result<(), ProfileError> {
        make_private_dir(&self.recordings())
    }

    /// Takes the profile for this process. The kernel drops the lock with the process, so a
    /// phone that was killed leaves nothing behind that would have to be cleaned up.
    pub fn lock(&self) -> Result<ProfileLock, ProfileError> {
        let path = self.dir.join("lock");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| ProfileError::Io {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(ProfileLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ProfileError::InUse {
                dir: self.dir.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(ProfileError::Io { path, source }),
        }
    }
}

/// A profile for a moment, for its owner alone; gone when dropped.
#[derive(Debug)]
pub struct ScratchProfile {
    profile: Profile,
}

impl ScratchProfile {
    /// Makes an empty one among the system's temporary files; `purpose` is part of its name.
    pub fn new(purpose: &str) -> Result<Self, ProfileError> {
        let name = format!("ringbook-{purpose}-{}", uuid::Uuid::now_v7());
        let profile = Profile {
            dir: std::env::temp_dir().join(name),
        };
        profile.create()?;
        Ok(Self { profile })
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl Drop for ScratchProfile {
    fn drop(&mut self) {
        // What cannot be removed stays among the system's temporary files.
        let _ = fs::remove_dir_all(&self.profile.dir);
    }
}

/// Held while a phone runs on a profile.
#[derive(Debug)]
pub struct ProfileLock {
    _file: File,
}

fn make_private_dir(dir: &Path) -> Result<(), ProfileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| ProfileError::Io {
        path: dir.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_profile_is_taken_once_and_free_again_when_its_holder_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::locate(Some(dir.path().join("p"))).unwrap();
        profile.create().unwrap();
        let held = profile.lock().unwrap();
        assert!(matches!(profile.lock(), Err(ProfileError::InUse { .. })));
        drop(held);
        profile.lock().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_profile_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::locate(Some(dir.path().join("a/b"))).unwrap();
        profile.create().unwrap();
        let mode = fs::metadata(profile.dir()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
