//! `volume` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::{DOCKER, HOST_TEXT};

kind! {
    /// A `volume` block.
    pub(crate) struct VolumeSpec;
    /// The kind as a table.
    pub(crate) const VOLUME = "volume", Managed, "A place for the data of one node: the chain, the PoS database and the PoS key. It is a Docker volume, or a \
          folder on a disk of your choice. A volume that holds a key is never deleted unless it is named: `pospool destroy --delete volume.main`.";
    attributes {
        host: Reference["host"], Implied, Refuse, HOST_TEXT;
        path: Text, Optional, Update, "Absolute path of a folder for the data, instead of a Docker volume. It must be there, belong to 10001:10001 and \
     have mode 0700: `sudo install -d -o 10001 -g 10001 -m 0700 /srv/pool`. pospool marks it with \
     `.pospool-volume.json`. Another path, or none, means that the data moves: its node must be stopped, the data is \
     copied, and the old place stays as it is.";
    }
    outputs: &[
        OutputSchema::new(
            "name",
            "Name of the volume in Docker, or where the folder really is, without symbolic links.",
        ),
        DOCKER,
        OutputSchema::new("engine_id", "The engine that has it."),
        OutputSchema::new(
            "holds",
            "Whose PoS key it holds, such as `pos_key of node.main`; not there without a key.",
        ),
    ],
    identity: Some("name"),
    example: "volume \"main\" {\n  host = host.main\n}\n",
}
