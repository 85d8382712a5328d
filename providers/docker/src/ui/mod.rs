//! The pool's web page: built or given files, and a server for them in a container of its own.
//!
//! - Reads: a folder of files, or of sources to build; the page's desired config; the program that runs.
//! - Returns: an image with the page, an image with the server, and a healthy container.
//! - Never: gives the server a secret, a capability, a writable file system or root.
//!
//! Two images, so that a new release of pospool does not build the page again: `pospool/page:<digest>` holds the files
//! alone, `pospool/ui:<digest>` adds the server.

mod build;
mod config;
mod container;
mod design;
mod files;
pub(crate) mod image;
mod kind;
mod lock;
mod observe;
mod schema;
mod site;
pub(crate) mod sources;
mod wish;

pub(crate) use config::{ChainSide, DATA, MODULE, PageConfig, config_module};
pub(crate) use kind::UiKind;
pub(crate) use schema::UI;
#[cfg(test)]
pub(crate) use wish::tests;
pub(crate) use wish::{DesiredPage, is_core_address};

/// Value of the attribute `content` while the page is made from what the spec names now.
pub(crate) const AS_GIVEN: &str = "as given";
