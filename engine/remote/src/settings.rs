//! How remote states are kept, as far as the user can choose.
//!
//! - Reads: the environment.
//! - Returns: [`RemoteSettings`].
//! - Never: shows a password.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Url;

use crate::lease::LONGEST_LEASE;

/// Choices for remote states.
#[derive(Clone)]
pub struct RemoteSettings {
    /// For how long a lock holds after the last sign of its holder, in whole seconds.
    pub lease: Duration,
    /// Choices of the HTTP state protocol.
    pub http: HttpSettings,
    /// Variables of the environment that object stores read, credentials among them.
    pub stores: BTreeMap<String, String>,
}

/// Choices of the HTTP state protocol.
#[derive(Clone, Default)]
pub struct HttpSettings {
    /// User for basic authentication.
    pub username: Option<String>,
    /// Password for basic authentication.
    pub password: Option<String>,
    /// Address to lock at, if it is not the state's own.
    pub lock_address: Option<Url>,
    /// Address to unlock at, if it is not the state's own.
    pub unlock_address: Option<Url>,
    /// Method to lock with, if it is not `LOCK`.
    pub lock_method: Option<reqwest::Method>,
    /// Method to unlock with, if it is not `UNLOCK`.
    pub unlock_method: Option<reqwest::Method>,
    /// Method to write with, if it is not `POST`.
    pub update_method: Option<reqwest::Method>,
}

impl fmt::Debug for RemoteSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RemoteSettings");
        debug.field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            http: HttpSettings::default(),
            stores: BTreeMap::new(),
        }
    }
}

/// A variable of the environment that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} is not {form}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What it should be.
    pub form: &'static str,
}

impl RemoteSettings {
    /// Reads variables of the environment.
    pub fn read(variables: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let lookup = |name: &str| variables.get(name).filter(|text| !text.is_empty()).cloned();
        let url = |name| {
            let read = lookup(name).map(|text| Url::parse(&text));
            read.transpose().map_err(|_| SettingsError {
                name,
                form: "a URL",
            })
        };
        let method = |name| {
            let read = lookup(name).map(|text| text.parse());
            read.transpose().map_err(|_| SettingsError {
                name,
                form: "an HTTP method",
            })
        };
        let lease = match lookup(LEASE) {
            None => Self::default().lease,
            Some(text) => seconds(&text).ok_or(SettingsError {
                name: LEASE,
                form: "a whole number of seconds, such as 60s, and 2592000s (30 days) at most",
            })?,
        };
        Ok(Self {
            lease,
            http: HttpSettings {
                username: lookup("POSPOOL_HTTP_USERNAME"),
                password: lookup("POSPOOL_HTTP_PASSWORD"),
                lock_address: url("POSPOOL_HTTP_LOCK_ADDRESS")?,
                unlock_address: url("POSPOOL_HTTP_UNLOCK_ADDRESS")?,
                lock_method: method("POSPOOL_HTTP_LOCK_METHOD")?,
                unlock_method: method("POSPOOL_HTTP_UNLOCK_METHOD")?,
                update_method: method("POSPOOL_HTTP_UPDATE_METHOD")?,
            },
            stores: variables
                .iter()
                .filter(|(name, _)| STORES.iter().any(|prefix| name.starts_with(prefix)))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect(),
        })
    }
}

/// What the names of variables for object stores start with.
const STORES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// Variable with the length of a lease.
const LEASE: &str = "POSPOOL_LEASE";

fn seconds(text: &str) -> Option<Duration> {
    let count: u64 = text.strip_suffix('s')?.parse().ok()?;
    let is_lease = (1..=LONGEST_LEASE).contains(&count);
    is_lease.then(|| Duration::from_secs(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_and_checked() {
        let variables = |given: &[(&str, &str)]| {
            let owned = given
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            owned.collect::<BTreeMap<String, String>>()
        };
        let settings = RemoteSettings::read(&variables(&[
            ("POSPOOL_LEASE", "5s"),
            ("POSPOOL_HTTP_LOCK_METHOD", "POST"),
            ("POSPOOL_HTTP_PASSWORD", "hunter2"),
            ("POSPOOL_HTTP_USERNAME", ""),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("HOME", "/root"),
        ]))
        .unwrap();
        assert_eq!(settings.lease, Duration::from_secs(5));
        assert_eq!(settings.http.lock_method, Some(reqwest::Method::POST));
        assert_eq!(settings.http.username, None);
        assert_eq!(settings.stores.len(), 1);
        assert!(!format!("{settings:?}").contains("hunter2"));
        for wrong in ["0s", "5", "-1s", "1m", "2592001s", "18446744073709551615s"] {
            let read = RemoteSettings::read(&variables(&[("POSPOOL_LEASE", wrong)]));
            assert!(read.is_err(), "{wrong}");
        }
    }
}
