//! The unit that opens sealed secrets.
//!
//! - Reads: where the program is.
//! - Returns: a template unit: each secret is an instance of its own, so that one that cannot be opened keeps no other shut.
//! - Never: lets the unit reach a network, or write anywhere but into memory.

use std::path::Path;

use pospool_model::secret::CREDENTIALS;

use super::store::STORE;

/// Name of the template; an instance has the secret's name after the `@`.
pub(super) const TEMPLATE: &str = "pospool-agent@.service";

/// Writes the template.
///
/// It stays active, so that nothing is opened twice, and what it opened stays when it stops: a container that Docker starts
/// again later still needs it.
pub(super) fn write_unit(program: &Path) -> String {
    let folder = CREDENTIALS.trim_start_matches("/run/");
    format!(
        "[Unit]\n\
         Description=Secret %i of a Conflux pool, for its container\n\
         Before=docker.service\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         ExecStart={program} agent run\n\
         LoadCredentialEncrypted=%i:/{store}/pospool.%i\n\
         RuntimeDirectory={folder}\n\
         RuntimeDirectoryMode=0711\n\
         RuntimeDirectoryPreserve=yes\n\
         UMask=0077\n\
         CapabilityBoundingSet=CAP_CHOWN\n\
         LimitCORE=0\n\
         NoNewPrivileges=yes\n\
         PrivateDevices=yes\n\
         PrivateNetwork=yes\n\
         PrivateTmp=yes\n\
         ProtectHome=yes\n\
         ProtectKernelModules=yes\n\
         ProtectKernelTunables=yes\n\
         ProtectSystem=strict\n\
         RestrictAddressFamilies=AF_UNIX\n\
         RestrictNamespaces=yes\n\
         SystemCallArchitectures=native\n\
         \n\
         [Install]\n\
         WantedBy=docker.service multi-user.target\n",
        program = program.display(),
        store = STORE,
    )
}
