//! What the agent of a machine says.
//!
//! - Reads: names, paths, a unit.
//! - Returns: text.
//! - Never: shows a secret.

use std::path::Path;

use pospool_model::CredentialName;

/// A secret was sealed.
#[must_use]
pub fn format_sealed(name: &CredentialName, path: &Path) -> String {
    format!(
        "sealed to this machine as `{}`: it opens nowhere else, so keep the secret, or a bundle of the key (`pospool key backup`), elsewhere too\n\
         next: pospool agent install {name}\n",
        path.display()
    )
}

/// What is about to be installed.
#[must_use]
pub fn format_unit(path: &Path, unit: &str, instance: &str, here: bool) -> String {
    let start = if here {
        format!("and then: systemctl daemon-reload, enable {instance}, restart {instance}\n")
    } else {
        String::new()
    };
    format!("{}:\n\n{unit}\n{start}", path.display())
}

/// It is installed.
#[must_use]
pub fn format_installed(name: &CredentialName, instance: &str, here: bool) -> String {
    let opened = if here {
        "the secret is open now, and again after each boot"
    } else {
        "the unit is written, and nothing was started"
    };
    format!("{instance}: {opened}. In the spec: credential(\"{name}\")\n")
}

/// A secret was opened.
#[must_use]
pub fn format_opened(name: &CredentialName) -> String {
    format!("opened {name}\n")
}
