//! `pospool serve`: the pool's web page over HTTP.
//!
//! - Reads: the folder of the page, once.
//! - Returns: at SIGTERM or SIGINT, when the open requests have ended.
//! - Never: reads a spec, a state or a secret: it runs in a container that has none.

use crate::args::ServeArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;

/// Runs the command.
pub async fn run_serve(session: &mut Session<'_, '_>, args: &ServeArgs) -> Result<Exit, Failure> {
    if let Some(address) = args.probe {
        pospool_serve::probe_server(address)?;
        return Ok(Exit::Done);
    }
    let folder = args.folder.clone().unwrap_or_default();
    let site = pospool_serve::Site::load(&folder, &args.connect)?;
    let files = site.len();
    let console = &mut *session.console;
    pospool_serve::serve_site(site, args.listen, |address| {
        console.tell(&view::serve::format_listening(files, address));
    })
    .await?;
    Ok(Exit::Done)
}
