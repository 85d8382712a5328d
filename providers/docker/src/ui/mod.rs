//! The pool's web page: built or given files, and a server for them in a container of its own.
//!
//! - Reads: a folder of files, or of sources to build; the page's wishes; the program that runs.
//! - Returns: an image with the page, an image with the server, and a container that is well.
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
pub(crate) mod job;
mod observe;
mod run;
mod wish;

pub(crate) use config::{ChainSide, DATA, MODULE, PageConfig, module};
pub(crate) use design::design;
pub(crate) use observe::{PageFacts, observe};
pub(crate) use run::{page, prepare, serve, server};
#[cfg(test)]
pub(crate) use wish::tests;
pub(crate) use wish::{UiWish, is_core_address, normalise};

/// Value of the attribute `content` while the page is made from what the spec names now.
pub(crate) const AS_GIVEN: &str = "as given";

/// Explanations of the codes of this kind.
pub const CODES: &[(&str, &str)] = &[
    (
        "docker/bad-page",
        "What the page is made from is not complete: either `built` names a folder of built files, or `tree` one of \
         sources together with `build_image`.",
    ),
    (
        "docker/bad-url",
        "An RPC of a page is an http or https URL without a user or a password: every visitor reads it.",
    ),
    (
        "docker/page-build",
        "The build of the page failed in its container. The message ends with the build's last words.",
    ),
    (
        "docker/page-changed",
        "The files of the page changed between plan and apply. Nothing was made; plan again.",
    ),
    (
        "docker/page-files",
        "The folder of the page cannot be read, has no index.html, or is larger than a page can be.",
    ),
    (
        "docker/page-unwell",
        "The container of the page runs, and its server does not answer. The message ends with its last words.",
    ),
    (
        "docker/program",
        "The image of the page holds the pospool that makes it, and its own files could not be read.",
    ),
    (
        "docker/unpinned",
        "The image that builds a page runs code that ends in the page: it must be pinned by its digest.",
    ),
];
