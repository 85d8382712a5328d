//! `pospool render`: which files does a spec put into containers?
//!
//! - Reads: the spec and variables, and files that the spec names.
//! - Returns: the texts, or writes them into a folder.
//! - Never: reads the state or a key, asks the outside, or overwrites a file.

use std::path::Path;

use pospool_engine::registry::Registry;
use pospool_engine::resolve::{self, Outputs, Wanted};
use pospool_model::provider::Rendered;
use pospool_model::{Address, Diagnostic};

use crate::args::RenderArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;

use super::Session;
use super::init::write_new;
use super::pipeline::{self, Spec};

/// Runs the command.
pub fn run_render(session: &mut Session<'_, '_>, args: &RenderArgs) -> Result<Exit, Failure> {
    let registry = session.registry;
    let spec = pipeline::require_spec(session, &args.variables)?;
    let rendered = match render(&spec, registry, args.address.as_ref()) {
        Ok(rendered) => rendered,
        Err(mut problems) => {
            problems.extend(spec.warnings);
            return Err(Failure::Problems {
                problems,
                files: spec.files,
            });
        }
    };
    if rendered.is_empty() {
        return Err(nothing(&spec, args.address.as_ref()));
    }
    let console = &mut *session.console;
    let paint = console.err_paint;
    console.tell(&view::diagnostics::format_diagnostics(
        &spec.warnings,
        &spec.files,
        paint,
    ));
    let written = match &args.out {
        Some(out) => Some((out, write(&session.project.path(out), &rendered)?)),
        None => None,
    };
    if console.json {
        console.say_json(&view::render::rendered_to_json(&rendered))?;
        return Ok(Exit::Done);
    }
    match written {
        Some((out, files)) => console.say(&view::render::format_files_written(out, files))?,
        None => console.say(&view::render::format_rendered(&rendered, console.out_paint))?,
    }
    console.tell(&view::render::format_render_notes(&rendered, paint));
    Ok(Exit::Done)
}

/// Files of each resource that has some.
pub type RenderedFiles = Vec<(Address, Rendered)>;

fn render(
    spec: &Spec,
    registry: &Registry,
    only: Option<&Address>,
) -> Result<RenderedFiles, Vec<Diagnostic>> {
    let (wanted, mut problems) =
        resolve::resolve_resources(&spec.config, registry, &Outputs::new());
    let mut files = RenderedFiles::new();
    if problems.is_empty() {
        for address in wanted
            .keys()
            .filter(|it| only.is_none_or(|only| only == *it))
        {
            match one(address, registry, &wanted) {
                Some(Ok(rendered)) => files.push((address.clone(), rendered)),
                Some(Err(problem)) => {
                    problems.push(resolve::locate_problem(&spec.config, address, &problem));
                }
                None => {}
            }
        }
    }
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(problems)
    }
}

fn one(
    address: &Address,
    registry: &Registry,
    wanted: &Wanted,
) -> Option<Result<Rendered, pospool_model::Problem>> {
    let provider = registry.of_kind(address.kind())?;
    let rendered = provider.render(address, wanted);
    let empty = rendered
        .as_ref()
        .is_ok_and(|rendered| rendered.files.is_empty());
    (!empty).then_some(rendered)
}

/// Why there is nothing to show.
fn nothing(spec: &Spec, address: Option<&Address>) -> Failure {
    let known = address.is_none_or(|address| spec.config.get(address).is_some());
    Failure::NothingToRender {
        address: address.map(ToString::to_string),
        known,
    }
}

/// Writes every file; returns how many.
fn write(folder: &Path, rendered: &RenderedFiles) -> Result<usize, Failure> {
    let mut count = 0;
    for (address, rendered) in rendered {
        let folder = folder.join(address.as_str());
        std::fs::create_dir_all(&folder).map_err(|source| Failure::File {
            verb: "make",
            path: folder.clone(),
            source,
        })?;
        for (name, text) in &rendered.files {
            write_new(&folder.join(name), text)?;
            count += 1;
        }
    }
    Ok(count)
}
