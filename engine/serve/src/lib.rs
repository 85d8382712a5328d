//! A server for the pool's web page: static files, and nothing else.
//!
//! - Reads: a folder, once, before the first request; requests.
//! - Returns: those files over HTTP, with the headers that keep a page safe in a browser.
//! - Never: opens a file because of a request, runs anything, writes a file, or logs a query.
//!
//! All files are in memory and a request's path is only a key to them, so no path can lead out of the folder.

mod answer;
mod clients;
pub mod codes;
mod error;
mod headers;
mod listen;
mod probe;
mod site;
mod stall;
mod types;

pub use error::ServeError;
pub use listen::serve_site;
pub use probe::probe_server;
pub use site::Site;
