//! Every code that the Docker provider can show, with what it means and what to do.
//!
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    ABSENT = "docker/absent",
        "Docker Engine answered 404: an object that the step needs, such as a container, image or network, is not there.",
        "Read in the message what was asked for, check with `docker ps -a`, and run `pospool apply` again, which refreshes first.";
    ADDRESS_WITHOUT_PORT = "docker/address-without-port",
        "`public_address` of a node tells other nodes where to connect to, and no port of the node is published, so nothing would listen there.",
        "Write `publish_p2p = 32323` in the node and open that port (TCP and UDP), or leave `public_address` out: the node then only connects out.";
    ANSWER_TOO_LARGE = "docker/answer-too-large",
        "Docker Engine, or a command or build in a container, answered with more than pospool reads, so the answer was cut and is not used.",
        "Look at the engine and its logs (`journalctl -u docker`), then run again; the files that a page's build leaves must stay below 40 MB.";
    ARCHITECTURE = "docker/architecture",
        "The node's container stopped because the program in its image is built for another processor architecture.",
        "Use an image of the host's architecture in `image` of the node, then run `pospool apply` again.";
    BAD_BOOTNODES = "docker/bad-bootnodes",
        "An entry of `bootnodes` is not `cfxnode://<128 hex digits>@<ip>:<port>`.",
        "Write each entry in that form, with commas between them, or leave `bootnodes` out to use those of the chain or the image.";
    BAD_CONFIG = "docker/bad-config",
        "`config` of a node is not a map.",
        "Write `config = { key = value }` with keys of the node's own configuration.";
    BAD_IDENTITY = "docker/bad-identity",
        "The node's answer to `test_posRegister` is not a registration of its own PoS key, so it is not used.",
        "Check that `image` names an official release of conflux-rust, read `docker logs CONTAINER`, then run `pospool apply` again.";
    BAD_IMAGE = "docker/bad-image",
        "The name of an image is malformed, or names no release: without a tag, or with `latest`, what it means changes.",
        "Write the release's tag and pin it by its digest: `name:tag@sha256:…`.";
    BAD_KEY = "docker/bad-key",
        "The private key of a syncer has more than one line, and it goes to the container's standard input as one.",
        "Put the key as a single line into the variable or file that `private_key` names, then run again.";
    BAD_MEMORY = "docker/bad-memory",
        "`memory` or `build_memory` is not an amount of memory, or `memory` is less than the 6 MB that Docker accepts.",
        "Write a whole number and `m` or `g`, such as `16g` for a node or `4g` for a build.";
    BAD_NAME = "docker/bad-name",
        "A text is not a name that Docker takes: letters, digits, `_`, `.` and `-`.",
        "Correct the attribute that the message names, such as `docker_network`; without one, give the resource another label.";
    BAD_NETWORK = "docker/bad-network",
        "`docker_network` is `host`, `none` or `default`: `host` would open a node's inner RPC to every user of the machine, and the others do not serve a container of pospool.",
        "Leave `docker_network` out, so that the container gets a network of its own, or name an existing network (`docker network ls`).";
    BAD_PAGE = "docker/bad-page",
        "What a page is made from is not complete or contradicts itself: either `built` names a folder of built files, or `tree` one of sources together with `build_image`.",
        "Write exactly one of the two, without attributes of the other; `folder` must be a path inside of the tree.";
    BAD_PASSWORD = "docker/bad-password",
        "The password of the PoS key has more than one line, and it goes to the node's standard input as one.",
        "Put the password as a single line into the variable or file that `pos_key_password` names, then run again.";
    BAD_PAYLOAD = "docker/bad-payload",
        "The plan holds an effect that this version of pospool does not understand, so it is not carried out.",
        "Plan again with this version (`pospool plan`), and apply that plan.";
    BAD_PORT = "docker/bad-port",
        "A port cannot be published: it is out of range, needs root, or has another use in the container; or `listen` of a page is not an address and a port.",
        "Use 1024 to 65535 for `publish_p2p`, such as 32323, and an address with a port for `listen`, such as `127.0.0.1:8080`.";
    BAD_PUBLIC_ADDRESS = "docker/bad-public-address",
        "`public_address` of a node is not an IPv4 address or a name of a host; conflux-rust cuts it at the first colon, so that neither an IPv6 address nor a port can be announced.",
        "Write the IPv4 address or the name alone, such as 203.0.113.7; the announced port is that of `publish_p2p`.";
    BAD_SNAPSHOT = "docker/bad-snapshot",
        "`snapshot` or `refill` of a node cannot be used: a part is malformed, the URL holds a user, query or fragment, or the archive-tool has no such snapshot for the network.",
        "Write `full`, `archive`, an http or https URL, or an absolute path in `snapshot`, and a plain word such as a date in `refill`.";
    BAD_TIME = "docker/bad-time",
        "The time between two rounds of a syncer is not a whole number above 0 with a unit.",
        "Write a number and `s`, `m` or `h` in `every`, such as `30s`, `5m` or `1h`.";
    BAD_URL = "docker/bad-url",
        "An RPC or `package_mirror` is not an http or https URL, or the URL of a page may hold a key: every visitor reads it, so a user, a password, a path or a query is refused.",
        "Write a plain URL; for a page, one that browsers reach without a key, or `public_rpc = true` if everybody may know its path or query.";
    BAD_VALUE = "docker/bad-value",
        "An attribute has a value that it cannot have: a word outside of its list, not a Core Space address, or no map of variables and texts.",
        "Write one of the values that the message lists, or for an address a reference such as `core_contract.manager.address`; `pospool explain KIND` lists them.";
    BUILD_FAILED = "docker/build-failed",
        "Docker did not build an image, its archive could not be made, or the engine does not have the image that it says it built.",
        "Read the build's last lines in the message, fix the cause (disk, registry, base image), and run `pospool apply` again.";
    CONFLICT = "docker/conflict",
        "Docker Engine answered 409: the change conflicts with an object that is there, such as a name in use or an object that another one uses.",
        "Read the engine's reason in the message, check with `docker ps -a`, and run `pospool apply` again, which refreshes first.";
    DATA_DAMAGED = "docker/data-damaged",
        "The node stopped because its database is marked as damaged.",
        "Restore `blockchain_data` and `pos_db` from a snapshot (`refill` of the node does it), but keep `pos_key` and `pos_db/secure_storage.json`.";
    DATA_IN_USE = "docker/data-in-use",
        "The node stopped because another process has its data open.",
        "Find the container or process that uses the volume and stop it (`docker ps --filter volume=NAME`): two nodes must never share a key.";
    DIGEST_MISMATCH = "docker/digest-mismatch",
        "What was pulled for an image does not have the digest that the spec pins, so the image is not used.",
        "Do not use the image before you know why: compare the digest with the one that the publisher names, and check the registry and any mirror.";
    DISK_FULL = "docker/disk-full",
        "The host's disk is full, or the node cannot write its databases.",
        "Make room (check with `df -h` and `df -i`; a full node needs 1.2 TB and more), then run `pospool apply` again.";
    GENESIS_MISMATCH = "docker/genesis-mismatch",
        "The node stopped because its data or its genesis file belongs to another network than its image and configuration.",
        "Use the volume that belongs to this network, or a new one; image, configuration and data must be of one network and one release.";
    GUARD_SILENT = "docker/guard-silent",
        "The guard of a node, process 1 of its container, has said nothing for a minute, or nothing at all: whether the node votes is not known.",
        "Look at `docker ps` and `docker logs CONTAINER`. A paused container is let go on with `docker unpause`; one of an earlier version is replaced by `pospool apply`.";
    HOST = "docker/host",
        "`docker` of a host is not `unix://` with an absolute path; an engine behind TCP, SSH, HTTP or a pipe is not supported by this build.",
        "Run pospool on that machine and write `unix:///var/run/docker.sock`, or correct `DOCKER_HOST` if the spec names none.";
    IMAGE_LIBRARIES = "docker/image-libraries",
        "The node stopped because its program needs other system libraries than its image has.",
        "Use the official image of this release in `image` of the node, then run `pospool apply` again.";
    IMAGE_NETWORK = "docker/image-network",
        "The image is built for the other public network: its rules are compiled in.",
        "Use the tag that ends in the name of the chain's network, `-mainnet` or `-testnet`.";
    INNER_RPC = "docker/inner-rpc",
        "A syncer runs in a container, where `127.0.0.1` is the container itself and not the host, so it could not reach this RPC.",
        "Write `core_rpc` in the syncer's block: a public RPC, or the address of a node inside the network that `docker_network` names.";
    KEY_IN_USE = "docker/key-in-use",
        "A syncer of this project that has another address in the state, or none, still runs with the key that this one is to get: two syncers with one key take each other's nonces.",
        "Take the other one down first: put its block back, take it out and apply, or stop and remove its container if the state does not know it. Then write this one and apply.";
    MADE_FOR_ANOTHER = "docker/made-for-another",
        "A volume or a container was made for another address than the state has now or is to have. That address is in its labels, which Docker does not change, and pospool finds it by them.",
        "Keep the label, or move the resource back with `pospool state mv`. For another label take the container's block out of the spec and apply, then write it with that label; a volume with another label is another volume.";
    MISSING_ATTRIBUTE = "docker/missing-attribute",
        "An attribute that must be there is missing, or a page has no RPC of its own while that of its chain may hold a key.",
        "Write the attribute that the message names; for a page, `core_rpc` or `espace_rpc` as browsers may reach it without a key.";
    NAME_TAKEN = "docker/name-taken",
        "A container, volume or network of the needed name is there that this project did not make, and pospool neither uses nor removes it.",
        "Give the resource another label in the spec, or remove the other object by hand if nobody needs it (`docker ps -a`, `docker volume ls`).";
    NOBODY_TO_ASK = "docker/nobody-to-ask",
        "No other source of the chain answers the guard of a node, so it cannot tell a node that stands from a network that stands.",
        "Write `core_rpc` in the node: an RPC that the container can reach. A gateway of this machine is not 127.0.0.1 in there.";
    NODE_GIVEN_UP = "docker/node-given-up",
        "The guard of a node has given up starting conflux: it ended again and again, or the guard cannot write its journal.",
        "Read `docker logs CONTAINER`, remove the cause (a full disk, a damaged database, a wrong release), then `pospool start NODE`.";
    NOT_IN_SYNC = "docker/not-in-sync",
        "A node does not follow its chain: it catches up, has no peers, or is behind other sources.",
        "Wait while it catches up. Without peers, check the network, `bootnodes` and the published port; behind for long, check disk and clock.";
    NOT_VOTING_YET = "docker/not-voting-yet",
        "The node goes through what every start goes through, and its guard does not let it vote yet.",
        "Wait. `docker exec CONTAINER pospool guard --report` says what is missing; docs/reference/guard.md has how long each condition lasts.";
    NO_BACKUP = "docker/no-backup",
        "A PoS key is registered with a pool, and the state knows of no bundle of it: when its volume is lost, the key is lost for ever, and its pool earns nothing any more.",
        "Run `pospool key backup NODE --to FILE --recipient age1…`, and keep the file on another machine.";
    NO_CERTIFICATES = "docker/no-certificates",
        "The syncer's image gets the certificate authorities of this machine, and none were found, or their file cannot be read or is larger than 16 MB.",
        "Install them (package `ca-certificates`), or name a file in `ca_bundle`, then run `pospool apply` again.";
    NO_CONTAINER = "docker/no-container",
        "A container that the plan counts on was removed meanwhile.",
        "Plan again with `pospool plan`, which refreshes first.";
    NO_HOST = "docker/no-host",
        "`host` of a resource is missing, or the host that it names was not reached, so it is not known on which Docker Engine to act.",
        "Name a `host` of the spec, and fix the problem that is reported for it (`docker info` must work on it), then run again.";
    NO_IMAGE = "docker/no-image",
        "An image that an earlier step made is gone, so the container cannot be made from it.",
        "Plan again with `pospool plan`; the next apply makes the image anew.";
    NO_KEY = "docker/no-key",
        "The container of a syncer says nothing or ended: it did not take its key, or its first round takes longer than it may.",
        "Read the last output in the message, then run `pospool apply` again.";
    NO_NETWORK = "docker/no-network",
        "The Docker network that `docker_network` names is not there, and pospool does not make it.",
        "Make it with `docker network create NAME`, or leave `docker_network` out so that the container gets a network of its own.";
    NO_NODE = "docker/no-node",
        "A command about a PoS key names a node that the spec does not have, or a volume that no node of the spec has as its data.",
        "Name a node of the spec, such as `node.main`, or to restore the volume that it has in `data`, such as `volume.main`.";
    NO_NODE_FILES = "docker/no-node-files",
        "The chain is a private network without `node_files`, so the files of its nodes cannot be made.",
        "Write `node_files` in the chain: the folder with node.toml, initial_nodes.json and pos_config.yaml.";
    NO_PASSWORD = "docker/no-password",
        "The node's container did not get the password of its PoS key, or its image asks a terminal for it, so the node does not run.",
        "Run `pospool apply` again and never start this container by hand; the image must be conflux-rust 2.0.1 or newer.";
    NO_SECRET = "docker/no-secret",
        "A secret that the container needs (password, private key or endpoint) cannot be read, or an endpoint's secret holds no URL.",
        "Set the environment variable or make the file readable that the message names, then run again.";
    NO_SPACE = "docker/no-space",
        "The place that data is to be copied to has less room than the data takes, with 5 % to spare.",
        "Make room there or take a larger disk in `path` of the volume, then run `pospool apply` again.";
    NO_SUBNET = "docker/no-subnet",
        "Docker Engine has no free subnet for another network.",
        "Remove unused networks with `docker network prune`, or name an existing one in `docker_network`.";
    NOT_PROVEN = "docker/not-proven",
        "Before a container that works is stopped, the one that is to replace it is proven on an empty scratch volume; it ended there, or did not show in time that it works. Nothing was stopped.",
        "Read its last output in the message, correct the spec (`image`, `config`, the page's files), and run `pospool apply` again.";
    NO_VOLUME = "docker/no-volume",
        "The volume that a container needs is gone; Docker would make an empty one in silence, and a node a new key in it.",
        "Restore the volume from a backup if it held a node's data, then plan again with `pospool plan`.";
    NODE_EPOCH = "docker/node-epoch",
        "The node is behind its network, stands at a hard fork, follows another chain after one, or is ahead of the RPC that was asked.",
        "Let a node that is behind sync; at or past a fork use the current image and data of a snapshot; if it is ahead, ask another endpoint in `core_rpc`.";
    NODE_FILES = "docker/node-files",
        "A file of the private network's `node_files` cannot be read, is larger than 4 MB, is not valid, or has changed since the plan was made.",
        "Mend the file that the message names (node.toml, initial_nodes.json, pos_config.yaml), and plan again with `pospool plan`.";
    NODE_STOPPED = "docker/node-stopped",
        "The node's container ended, and the last lines of its log fit no failure that pospool knows.",
        "Read the last lines in the message or with `docker logs CONTAINER`, fix the cause, and run `pospool apply` again.";
    NOT_EMPTY = "docker/not-empty",
        "The folder of a new volume, or the target of a move, holds data of a node already, and pospool neither takes over a PoS key by accident nor copies over data.",
        "Use an empty place; to give a folder to this state, run the command of the message, if the PoS key in it votes nowhere else.";
    NOT_SEALED = "docker/not-sealed",
        "A secret of the spec is a `credential(…)`, and no file in `/run/pospool` has its name: it was never sealed to this machine, or the unit that opens it at each boot does not run.",
        "As root on the machine of the container: `pospool agent seal NAME`, then `pospool agent install NAME`; what keeps an installed one from opening it says `systemctl status pospool-agent`.";
    NOT_READY_IN_TIME = "docker/not-ready-in-time",
        "A node that replaced another one did not follow its chain within the `rollback_after` that the plan named, so the container before it runs again.",
        "Read `docker logs` of the message and the release's notes; a node that only needs longer gets a larger `rollback_after`. Until then the spec still names the new one: write the old image, or apply again.";
    NOT_REMOVED = "docker/not-removed",
        "The container that a new one replaces is still there under the same name, so the new one is not made.",
        "Plan again with `pospool plan`; if it stays, check with `docker ps -a` why the old container was not removed.";
    NOT_STOPPED = "docker/not-stopped",
        "A container was killed and Docker still counts it as running, so it is not known whether its process has ended.",
        "Look with `docker ps` and at the engine's logs (`journalctl -u docker`), end the process, then run `pospool apply` again.";
    OLD_DRILL = "docker/old-drill",
        "The bundle of a registered PoS key was never opened to see whether it would help, or not for a month.",
        "Run `pospool key drill FILE --identity file:PATH` where the secret of the bundle is; it needs nothing else.";
    OLD_ENGINE = "docker/old-engine",
        "Docker Engine does not speak API 1.40, which pospool needs.",
        "Upgrade Docker Engine to 19.03 or newer; `docker version` shows what it speaks.";
    OPEN_FILES = "docker/open-files",
        "The node stopped because it may not open enough files.",
        "Raise the limit of the Docker service itself, `LimitNOFILE` (`systemctl edit docker`), then run `pospool apply` again.";
    OTHER_ENDPOINTS = "docker/other-endpoints",
        "The syncer's endpoints in the current spec are not those that the plan or ticket was made with, or the plan is of an earlier version that wrote whole URLs; nothing was changed.",
        "Plan again with `pospool plan`.";
    OTHER_ENGINE = "docker/other-engine",
        "The resource was made on another Docker Engine than the one that the host is now, so its absence here does not mean that it is gone.",
        "Point `docker` of the host back to that engine; a second node with a copy of the key could vote twice.";
    OTHER_HOST = "docker/other-host",
        "The volume that a node names in `data` is on another host than the node.",
        "Write the same `host` in the volume and in the node.";
    OUT_OF_MEMORY = "docker/out-of-memory",
        "The node's container was killed because it needed more memory than it may use.",
        "Raise `memory` of the node, or leave it out for 80 % of the host's, then run `pospool apply` again.";
    OUTCOME_UNKNOWN = "docker/outcome-unknown",
        "Docker was asked for a change and gave no answer, or handing over a secret or unpacking a snapshot broke off, so it is not known what came of it.",
        "Run `pospool apply` again: it checks what came of it before it does anything else.";
    PAGE_BUILD = "docker/page-build",
        "The build of the page failed in its container (exit code, memory or 30 minutes), its sources could not be packed, or what it left cannot be read.",
        "Read the build's last output in the message, fix the sources or raise `build_memory`, then run `pospool apply` again.";
    PAGE_CHANGED = "docker/page-changed",
        "The files of the page, or its lock file, changed between plan and apply, so the page was not made from them.",
        "Plan again with `pospool plan`, read the change, and apply.";
    PAGE_FILES = "docker/page-files",
        "The folder of the page or a file for its build cannot be read, has no index.html or no lock file, or is larger than a page can be.",
        "Name the right folder of this machine in `built` or `tree` (relative paths start at the spec's folder), and a lock file in `lock`.";
    PAGE_UNWELL = "docker/page-unwell",
        "The container of the page was started, and its server ended or does not answer.",
        "Read its last output in the message or with `docker logs CONTAINER`, then run `pospool apply` again.";
    PERMISSION = "docker/permission",
        "The node stopped because it may not write to its volume.",
        "The files on the volume must belong to user 10001: copy data in as that user, or run `sudo chown -R 10001:10001 FOLDER`, then apply again.";
    PORT_TAKEN = "docker/port-taken",
        "Another process has the port that `publish_p2p` or `listen` names, so Docker cannot publish it.",
        "Choose another port in the spec, or stop the other process (`ss -lntup` shows it), then run `pospool apply` again.";
    POS_CONFIG = "docker/pos-config",
        "The node stopped because its release cannot read pos_config.yaml or does not know a key in it.",
        "Make the image's tag name the release that is in it; for a private network fix pos_config.yaml in `node_files`.";
    POS_KEY_CHANGED = "docker/pos-key-changed",
        "The node runs with another PoS key than the one that is recorded: the key on its volume was changed.",
        "Stop the container and put the old `pos_config/pos_key` back on the volume, then run `pospool apply` again.";
    POS_KEY_LOST = "docker/pos-key-lost",
        "The recorded PoS key is gone with its volume, or its file is not on the volume, and a start would make another key in silence.",
        "Restore the volume or `pos_config/pos_key` from a backup; for a new key, remove node and volume from the spec, apply, and write them again.";
    PROCESSOR = "docker/processor",
        "The node stopped because its program needs a newer processor than this machine has.",
        "Use an image that is built for this machine, or a machine with a newer processor.";
    PROGRAM = "docker/program",
        "The image of a page or a syncer holds the pospool that makes it, and pospool's own files could not be read.",
        "Run pospool where it may read `/proc/self/exe` and its libraries; if it was upgraded meanwhile, start it again.";
    PULL_FAILED = "docker/pull-failed",
        "The image cannot be pulled.",
        "Check its name and the host's way to the registry (`docker pull IMAGE`), or load it by hand with `docker load`.";
    REFUSED = "docker/refused",
        "Docker Engine refused or failed to do what was asked, for a reason that has no code of its own, or gave a container an unusable id.",
        "Read the engine's reason in the message and its logs (`journalctl -u docker`), fix it, and run again.";
    REFUSED_KEY = "docker/refused-key",
        "A key of `config` cannot be set: pospool owns it, it is a secret or a rule of the network, it would open a dangerous RPC, or its form is wrong.",
        "Remove the key, or write what the reason in the message asks for, such as an attribute of the node instead.";
    RELEASE_FORM = "docker/release-form",
        "`release_form` contradicts the image's tag; it is for releases that this build does not know.",
        "Leave `release_form` out.";
    REGISTERED_KEY = "docker/registered-key",
        "The spec gives a node whose PoS key is registered another volume. The node would make another key there, the pool's key would be with nobody, and PoS would retire it.",
        "Name the old volume in `data` again. A volume keeps its label; its data moves with `path`. For a pool with another key make a new pool.";
    RELEASE_PAST_FORK = "docker/release-past-fork",
        "The network went on at a hard fork with a newer release than the node's; an older one stops following there, and its PoS key is retired within hours.",
        "Use the current image, and data of a snapshot if the node stood at the fork; `old_release` with the word `accept` makes such a node all the same.";
    SAFETY_FILE = "docker/safety-file",
        "The safety file of a node, `pos_db/secure_storage.json`, is missing, cannot be read, is of an earlier PoS epoch, or belongs to another key.",
        "Never delete it. One of another key came with foreign data: put back the node's own. One of an earlier epoch is renewed when the next epoch begins.";
    SAME_PLACE = "docker/same-place",
        "Two volumes are one place under two names: the same folder, one inside of the other, or a folder that Docker keeps itself, and two nodes would share one PoS key there.",
        "Give each volume a folder of its own that lies in no other one and not where Docker keeps its data.";
    SHARED_KEY = "docker/shared-key",
        "Two nodes of the spec name the same volume in `data`, and two nodes with one PoS key must never vote.",
        "Give each node a volume of its own.";
    SNAPSHOT_CORRUPT = "docker/snapshot-corrupt",
        "The archive cannot be unpacked, or has another SHA-256 than the spec names; what was kept of it is removed, and the data is marked and never started.",
        "Use a whole .tar.gz or .tar, correct `sha256` if that is wrong, then run `pospool apply` again.";
    SNAPSHOT_ENTRY = "docker/snapshot-entry",
        "The archive holds something that chain data never has, such as a link, a device, or a path that leads out of it, so nothing of it is used.",
        "Use an archive from another source in `snapshot`, then run `pospool apply` again.";
    SNAPSHOT_LAYOUT = "docker/snapshot-layout",
        "The archive has no folder `blockchain_data` at its top or one or two folders below.",
        "Look at it with `tar -tf ARCHIVE`, and name an archive of a node's data in `snapshot`.";
    SNAPSHOT_NETWORK = "docker/snapshot-network",
        "The archive holds the `initial_nodes.json` of another network, and its data is marked and never started.",
        "Name a snapshot of the node's own network in `snapshot`, then run `pospool apply` again.";
    SNAPSHOT_OCCUPIED = "docker/snapshot-occupied",
        "The volume holds chain data already, and a snapshot is only for an empty volume, unless `refill` says that it replaces what is there.",
        "To use that data, take `snapshot` out of the node; to throw it away, write a word in `refill`, such as today's date.";
    SNAPSHOT_REPLACED = "docker/snapshot-replaced",
        "The archive is another one than the plan was made for (its length, ETag or date differ), or what was kept of it is not whole any more.",
        "Plan again with `pospool plan`; the new plan takes the archive that is there now from its start.";
    SNAPSHOT_SPACE = "docker/snapshot-space",
        "There is not enough free space for the snapshot, or its archive cannot be kept in `spool`.",
        "Name another disk in `spool` or in `path` of the volume, or set `way` of the snapshot to `streamed` to keep no archive.";
    SNAPSHOT_UNREACHABLE = "docker/snapshot-unreachable",
        "The server of the snapshot does not answer, refuses, or does not say how long or which file the archive is, or an archive of this machine cannot be read.",
        "Look whether this machine reaches the server and run again, or load the archive elsewhere and write its path; pospool's user must be able to read it.";
    SNAPSHOT_VERSION = "docker/snapshot-version",
        "The snapshot was made by a newer release than the node's image, which cannot read it.",
        "Use an image of that release or a newer one, or an older snapshot.";
    SYNCER_UNWELL = "docker/syncer-unwell",
        "The container of a syncer has its key, and its rounds fail.",
        "Read what it says itself at the end of the message, or with `docker logs CONTAINER`; the table in docs/guide/syncer.md explains it.";
    TWO_CONTAINERS = "docker/two-containers",
        "Several containers say that they are the same resource, and pospool cares for one of them only; two nodes with one PoS key must never vote.",
        "Find which one is the copy (`docker ps -a`), stop and remove it, then run again.";
    TWO_VOTERS = "docker/two-voters",
        "Somebody else signs with the PoS key of this node, so its guard does not let it vote: two votes in one round cost all votes.",
        "Find the other node with this key (a copy of the volume, a restored backup, an old machine) and stop it. This one votes when the key has been silent for long enough.";
    UNFINISHED_DATA = "docker/unfinished-data",
        "A copy or a snapshot was cut or could not be prepared, so the data is not whole; it is marked by `.pospool-unfinished` and never started.",
        "Apply again what was begun (`pospool apply`), or empty the place if nobody needs the data in it.";
    UNKNOWN_RELEASE = "docker/unknown-release",
        "The image's tag names no release that this build knows, and files of another form would stop the node.",
        "Use a tag that names a known release, or say the form of its files in `release_form`: `3.0` or `3.1`.";
    UNKNOWN_VALUE = "docker/unknown-value",
        "An attribute is not known before the apply, and the node, page or syncer is planned from it.",
        "Write the value itself, or a reference to something that is known in the plan; apply the other resource first if needed.";
    UNPINNED = "docker/unpinned",
        "The image that builds a page runs code that ends in the page, and it is not pinned by its digest: whoever can move its tag writes the page.",
        "Write `name:tag@sha256:…` in `build_image`; `docker inspect --format '{{.RepoDigests}}' IMAGE` shows the digest.";
    UNREACHABLE = "docker/unreachable",
        "Docker Engine does not answer, or not in time, so pospool cannot see or change anything there.",
        "Start it (`systemctl start docker`), and let this user reach its socket (group `docker`, or root), then run again.";
    VOLUME_FOREIGN = "docker/volume-foreign",
        "The mark `.pospool-volume.json` in the folder names another state or another volume, so the folder is not used.",
        "Give the volume another folder; if nobody uses this one and its PoS key votes nowhere else, run the command that the message ends with.";
    VOLUME_IN_USE = "docker/volume-in-use",
        "A container runs on the volume, or still uses it, so pospool does not start, fill, copy or remove the data: two processes with one PoS key must never vote.",
        "Stop that container (`docker stop NAME`) and make sure that it stays stopped, remove it where the volume is to go, then run again.";
    VOLUME_MOVE = "docker/volume-move",
        "The data of a volume moves only together with its node, while that is stopped; or the copy itself failed, with nothing taken from the old place.",
        "Set `state` of its node to `stopped`, apply with the old place, then with the new one (without a node, write one or the old place). After a failed copy fix the cause and apply again.";
    VOLUME_PATH = "docker/volume-path",
        "The folder of a volume cannot be used: it is not there, leads elsewhere, has a wrong owner or mode, does not fit this engine, or cannot be emptied.",
        "Follow the end of the message, mostly a command such as `sudo install -d -o 10001 -g 10001 -m 0700 FOLDER`; mount its disk first.";
    VOLUME_UNMARKED = "docker/volume-unmarked",
        "The folder of a volume has lost its mark `.pospool-volume.json`, which mostly means that its disk is not mounted.",
        "Mount the disk; if it is mounted and the data is lost, restore it from a backup together with the mark.";
    VOTER_HELD = "docker/voter-held",
        "The guard keeps a node from voting until a person has looked: somebody else signed with its key while it was silent, or its voting was stopped by hand.",
        "Find the other node with this key and stop it for good. Then `docker exec CONTAINER pospool guard --clear`: the key is watched again before it votes.";
    WEAK_LOCK = "docker/weak-lock",
        "The lock file of a page pins a package by SHA-1 alone. Two packages with one SHA-1 can be made, so it does not say which one is built into the page.",
        "Make the lock file anew with a registry that names sha512, read what changed in it, and plan again.";
    WRONG_PASSWORD = "docker/wrong-password",
        "The password does not open the node's PoS key, so the node stopped.",
        "Give the password that was in use when the key was made in `pos_key_password`, then run `pospool apply` again.";
}
