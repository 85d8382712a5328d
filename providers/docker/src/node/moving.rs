//! Copying the data of a stopped node to another place.
//!
//! - Reads: a [`MoveJob`]; the hardened image, whose tools do the work.
//! - Returns: nothing but its end; what is half copied is marked and never started.
//! - Never: takes anything away from the old place, or copies over data of another node.

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError};

use crate::client::Engine;
use crate::codes;
use crate::image;
use crate::job::MoveJob;
use crate::place::DataLocation;
use crate::workload::helper::{self, Helper, ScriptExit};
use crate::workload::labels::owner_labels;

/// File that is in a place while its data is not whole.
pub(crate) const UNFINISHED: &str = ".pospool-unfinished";

/// Its first word is the name of this very copy: the container that ran on the old place.
///
/// `/data` is the new place and `/from` the old one. Exit codes are read by [`explain`].
const SCRIPT: &str = r#"set -eu
shopt -s dotglob nullglob
cd /data
this="move $1"
unfinished=.pospool-unfinished moved=.pospool-moved
if [ ! -e $unfinished ] && [ -e $moved ] && [ "$(cat $moved)" = "$this" ]; then exit 0; fi
if [ -e $unfinished ]; then
  [ "$(cat $unfinished)" = "$this" ] || exit 43
else
  for it in blockchain_data pos_db pos_config; do
    [ -z "$(ls -A $it 2>/dev/null)" ] || exit 43
  done
  read -r need rest < <(du -sk /from)
  { read -r head; read -r disk all used free rest; } < <(df -Pk /data)
  if [ "$free" -lt $((need + need / 20)) ]; then
    echo "$((need / 1024)) MB are needed, and $((free / 1024)) MB are free"
    exit 45
  fi
  printf %s "$this" > $unfinished
  sync -f .
fi
for it in /from/*; do
  case ${it##*/} in
    .pospool-volume.json|.pospool-unfinished|.pospool-moved|lost+found) ;;
    *) cp -a "$it" /data/ ;;
  esac
done
sync -f .
printf %s "$this" > $moved
sync -f .
rm $unfinished
sync -f .
"#;

/// Copies the data, or finds it copied.
pub(crate) async fn copy_data(
    engine: &Engine,
    job: &MoveJob,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    image::require_image(engine, &job.image, &job.digest).await?;
    refuse_users(engine, job).await?;
    let name = helper::helper_name(&job.lineage, &job.address)?;
    let owner = owner_labels(&job.lineage, &job.address);
    let body = helper::script_helper(&job.image, &job.to, Some(&job.from), SCRIPT, &[&job.this]);
    let helper = Helper::open(engine, &name, &owner, body).await?;
    let what = format!("copying the node's data from {} to {}", job.from, job.to);
    let ended = helper.run(&what, progress).await;
    helper.close().await?;
    match ended? {
        ScriptExit { code: 0, .. } => Ok(Attributes::new()),
        ended => Err(explain(job, &ended)),
    }
}

/// A process that writes while it is copied leaves a copy that is not whole.
async fn refuse_users(engine: &Engine, job: &MoveJob) -> Result<(), ProviderError> {
    let own = helper::helper_name(&job.lineage, &job.address)?;
    let containers = engine.containers().await?;
    let uses = |place: &DataLocation| {
        let mut running = containers
            .iter()
            .filter(|it| it.running && it.name != own.as_str());
        running
            .find(|it| place.is_mounted_by(it))
            .map(|it| it.name.clone())
    };
    match uses(&job.from).or_else(|| uses(&job.to)) {
        None => Ok(()),
        Some(name) => Err(ProviderError::refused(
            codes::VOLUME_IN_USE,
            format!(
                "container `{name}` runs on data that is to be copied; stop it, then run again"
            ),
        )),
    }
}

fn explain(job: &MoveJob, ended: &ScriptExit) -> ProviderError {
    let (from, to) = (&job.from, &job.to);
    let last = ended.lines.join("; ");
    let (code, what) = match ended.code {
        43 => (
            codes::NOT_EMPTY,
            format!(
                "`{to}` holds data already, and nothing is copied over it; empty it if nobody needs that, or take another place"
            ),
        ),
        45 => (
            codes::NO_SPACE,
            format!("`{to}` has no room for the data of `{from}`: {last}"),
        ),
        code => (
            codes::VOLUME_MOVE,
            format!(
                "copying `{from}` to `{to}` failed with exit code {code}: {last}; nothing was taken from `{from}`"
            ),
        ),
    };
    ProviderError::refused(code, what)
}
