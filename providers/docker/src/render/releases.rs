//! Which release a public network needs, from which epoch on, and which form of files and data a release has.
//!
//! - Reads: an image's tag, a network, and how far the network is.
//! - Returns: the release's form; where it stands between the forks; remarks and refusals in words.
//! - Never: reads a clock: what has passed is told by the network's epoch alone.
//!
//! A new hard fork is one line in [`FORKS`], one in [`IMAGES`], and a [`Release`] if its files have another form.

use pospool_model::{Problem, group_digits};

use super::networks::PublicChain;
use crate::codes;
use crate::names::ImageRef;
use crate::render::release::{FORMS, Release};

/// A height at which a network goes on with newer releases only.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fork {
    network: PublicChain,
    /// Oldest form that follows the network from here on.
    pub(crate) needs: Release,
    /// The first epoch with the new rules.
    pub(crate) epoch: u64,
    /// Its day, as far as it is known.
    day: &'static str,
}

/// The forks of each network, in their order. Heights are those compiled into conflux-rust
/// (`crates/config/src/configuration.rs`: `eoa_code_transition_height`, `osaka_opcode_transition_height`), days those of
/// the Conflux documentation, "hardforks".
const FORKS: &[Fork] = &[
    fork(
        PublicChain::Mainnet,
        Release::V30,
        129_680_000,
        "2025-09-01",
    ),
    fork(
        PublicChain::Mainnet,
        Release::V31,
        155_140_000,
        "about the end of August 2026",
    ),
    fork(PublicChain::Testnet, Release::V30, 223_340_000, "2025"),
    fork(
        PublicChain::Testnet,
        Release::V31,
        259_240_000,
        "about 2026-08-07",
    ),
];

/// The current image of each network: what documents, examples and `pospool init` name.
const IMAGES: &[(PublicChain, &str)] = &[
    (
        PublicChain::Mainnet,
        "confluxchain/conflux-rust:3.1.0-mainnet",
    ),
    (
        PublicChain::Testnet,
        "confluxchain/conflux-rust:3.1.0-testnet",
    ),
];

const fn fork(network: PublicChain, needs: Release, epoch: u64, day: &'static str) -> Fork {
    Fork {
        network,
        needs,
        epoch,
        day,
    }
}

/// The current image of conflux-rust for a public network.
#[must_use]
pub fn current_image(network: &str) -> Option<&'static str> {
    let network = PublicChain::by_name(network)?;
    let mut images = IMAGES.iter();
    images
        .find(|(of, _)| *of == network)
        .map(|(_, image)| *image)
}

/// What a release does with chain data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataCompatibility {
    /// It goes on with it.
    AsItIs,
    /// Its first start makes an index anew, in silence and for hours.
    Rebuilds,
    /// It cannot be relied on to read it.
    Not,
}

/// Where a release stands on its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForkStatus {
    /// No fork that the table knows asks for a newer one.
    Current,
    /// The network will need a newer one, or it is not known whether it does already.
    Until(&'static Fork),
    /// The network has gone on without it.
    Past(&'static Fork),
}

/// Where a release stands while the network is at an epoch.
pub(crate) fn fork_status(
    network: PublicChain,
    release: Release,
    epoch: Option<u64>,
) -> ForkStatus {
    let mut forks = FORKS.iter();
    let next = forks.find(|fork| fork.network == network && fork.needs > release);
    match (next, epoch) {
        (None, _) => ForkStatus::Current,
        (Some(fork), Some(epoch)) if epoch >= fork.epoch => ForkStatus::Past(fork),
        (Some(fork), _) => ForkStatus::Until(fork),
    }
}

impl Fork {
    /// The fork in words, and how far it is.
    pub(crate) fn words(&self, epoch: Option<u64>) -> String {
        let Self { network, day, .. } = self;
        let at = format!(
            "{} needs release {} from epoch {} on ({day})",
            network.name(),
            self.needs.name(),
            group_digits(self.epoch)
        );
        match epoch {
            Some(epoch) if epoch >= self.epoch => format!(
                "{at}, and is at epoch {}: {} epochs past it",
                group_digits(epoch),
                group_digits(epoch - self.epoch)
            ),
            Some(epoch) => format!("{at}, in {} epochs", group_digits(self.epoch - epoch)),
            None => at,
        }
    }

    /// The way out for somebody with an older release.
    pub(crate) fn way_out(&self) -> String {
        let image = current_image(self.network.name()).unwrap_or_default();
        format!(
            "use `{image}`; data that stands at the fork has to be replaced by that of a snapshot"
        )
    }
}

/// How far a node is beside its network.
pub(crate) fn compare_epochs(
    network: PublicChain,
    release: Option<Release>,
    node: u64,
    chain: u64,
) -> Option<String> {
    /// Minutes of the network: less is the way of a node that follows, and of a public RPC.
    const NEAR: u64 = 600;
    let fork = release.and_then(|release| match fork_status(network, release, Some(chain)) {
        ForkStatus::Past(fork) => Some(fork),
        _ => None,
    });
    let (at, of) = (group_digits(node), group_digits(chain));
    match fork {
        Some(fork) if node > fork.epoch + NEAR => Some(format!(
            "the node is at epoch {at}, and from epoch {} on it follows another chain than {}: its data has to be \
             replaced by that of a snapshot",
            group_digits(fork.epoch),
            network.name()
        )),
        Some(fork) if node + NEAR >= fork.epoch => Some(format!(
            "the node stands at the fork: it is at epoch {at}, and {} at epoch {of}",
            network.name()
        )),
        _ if node + NEAR < chain => Some(format!(
            "the node is {} epochs behind {}: it is at epoch {at} of {of}",
            group_digits(chain - node),
            network.name()
        )),
        _ if chain + NEAR < node => Some(format!(
            "the node is {} epochs ahead of the RPC of the chain, which is at epoch {of}: ask another endpoint, or look \
             which of them is on the right side of a fork",
            group_digits(node - chain)
        )),
        _ => None,
    }
}

impl Release {
    /// Names of the forms, as `release_form` takes them.
    pub(crate) fn names() -> Vec<&'static str> {
        FORMS.iter().map(|(_, name, _)| *name).collect()
    }

    /// Finds a form by its name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let mut forms = FORMS.iter();
        forms.find(|form| form.1 == name).map(|form| form.0)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        let mut forms = FORMS.iter();
        forms.find(|form| form.0 == self).map_or("", |form| form.1)
    }

    /// The form of an image by its tag, if the table knows it.
    pub(crate) fn of_tag(image: &ImageRef) -> Option<Self> {
        let release = image.release()?;
        let mut forms = FORMS.iter();
        forms.find(|form| form.2 == release).map(|form| form.0)
    }

    /// Finds the form of an image: by its tag, or by what the spec says of it.
    pub(crate) fn of(
        image: &ImageRef,
        network: PublicChain,
        said: Option<Self>,
    ) -> Result<Self, Problem> {
        let tag = image.tag().unwrap_or_default();
        let other = network.other().name();
        if tag.contains(other) {
            return Err(Problem::new(
                codes::IMAGE_NETWORK,
                &["image"],
                format!(
                    "`{image}` is built for {other}, and the chain is {}",
                    network.name()
                ),
            )
            .help(format!("use the tag that ends in `-{}`", network.name())));
        }
        match (Self::of_tag(image), said) {
            (Some(known), Some(said)) if known != said => Err(Problem::new(
                codes::RELEASE_FORM,
                &["release_form"],
                format!(
                    "`{image}` has files of the form {}, and `release_form` says {}",
                    known.name(),
                    said.name()
                ),
            )
            .help("leave `release_form` out: it is for releases that this build does not know")),
            (Some(form), _) | (None, Some(form)) => Ok(form),
            (None, None) => Err(Problem::new(
                codes::UNKNOWN_RELEASE,
                &["image"],
                format!("the tag `{tag}` names no release that this build knows"),
            )
            .help(format!(
                "use a tag such as `{}`, or say which form of files the release has: `release_form = \"{}\"`; known \
                 forms: {}",
                current_image(network.name())
                    .and_then(|image| image.rsplit(':').next())
                    .unwrap_or_default(),
                FORMS.last().map_or("", |form| form.1),
                Self::names().join(", ")
            ))),
        }
    }

    /// Whether a node of this form can go on with data that another form left, and what that means.
    pub(crate) fn reads(self, data: Self) -> DataCompatibility {
        match (self, data) {
            (Self::V31, Self::V30) => DataCompatibility::Rebuilds,
            (Self::V30, Self::V31) => DataCompatibility::Not,
            _ => DataCompatibility::AsItIs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        ImageRef::parse(text).unwrap()
    }

    #[test]
    fn the_table_is_in_order_and_the_current_image_needs_no_newer_one() {
        for network in [PublicChain::Mainnet, PublicChain::Testnet] {
            let forks: Vec<_> = FORKS.iter().filter(|it| it.network == network).collect();
            assert!(forks.is_sorted_by_key(|fork| (fork.epoch, fork.needs)));
            let current = image(current_image(network.name()).unwrap());
            let release = Release::of(&current, network, None).unwrap();
            assert_eq!(
                fork_status(network, release, Some(u64::MAX)),
                ForkStatus::Current
            );
        }
        assert_eq!(current_image("devnet"), None);
    }

    #[test]
    fn case_old_release_is_told_by_the_network_s_epoch() {
        let of = |epoch| fork_status(PublicChain::Testnet, Release::V30, epoch);
        assert!(matches!(of(None), ForkStatus::Until(fork) if fork.epoch == 259_240_000));
        assert!(matches!(of(Some(259_239_999)), ForkStatus::Until(_)));
        let ForkStatus::Past(fork) = of(Some(259_240_000)) else {
            panic!("it is past")
        };
        let words = "testnet needs release 3.1 from epoch 259,240,000 on (about 2026-08-07), and is at epoch \
                     259,241,500: 1,500 epochs past it";
        assert_eq!(fork.words(Some(259_241_500)), words);
        assert!(
            fork.way_out().contains("3.1.0-testnet"),
            "{}",
            fork.way_out()
        );
        assert_eq!(
            fork_status(PublicChain::Mainnet, Release::V31, Some(u64::MAX)),
            ForkStatus::Current
        );
    }

    #[test]
    fn a_node_is_behind_at_the_fork_forked_off_or_ahead() {
        let at = |release, node, chain| {
            compare_epochs(PublicChain::Testnet, Some(release), node, chain).unwrap_or_default()
        };
        assert_eq!(at(Release::V31, 260_000_000, 260_000_100), "");
        assert!(at(Release::V31, 1_000, 260_000_000).contains("259,999,000 epochs behind testnet"));
        assert!(at(Release::V30, 259_239_990, 260_000_000).contains("stands at the fork"));
        assert!(at(Release::V30, 259_900_000, 260_000_000).contains("another chain than testnet"));
        assert!(at(Release::V30, 100, 260_000_000).contains("behind"));
        assert!(at(Release::V31, 260_001_000, 260_000_000).contains("ahead of the RPC"));
    }

    #[test]
    fn a_release_that_the_table_does_not_know_has_a_way_on() {
        let network = PublicChain::Testnet;
        for text in ["a/b:3.2.0-testnet", "a/b:stable"] {
            let refused = Release::of(&image(text), network, None).unwrap_err();
            assert_eq!(refused.code, "docker/unknown-release");
            assert!(refused.help.unwrap().contains("release_form = \"3.1\""));
            let told = Release::of(&image(text), network, Some(Release::V31));
            assert_eq!(told.unwrap(), Release::V31);
        }
        let known = image("a/b:3.0.3-testnet");
        let refused = Release::of(&known, network, Some(Release::V31)).unwrap_err();
        assert_eq!(refused.code, "docker/release-form");
        for name in Release::names() {
            assert_eq!(Release::by_name(name).unwrap().name(), name);
        }
    }

    #[test]
    fn data_goes_forward_and_not_back() {
        assert_eq!(
            Release::V31.reads(Release::V30),
            DataCompatibility::Rebuilds
        );
        assert_eq!(Release::V30.reads(Release::V31), DataCompatibility::Not);
        assert_eq!(Release::V31.reads(Release::V31), DataCompatibility::AsItIs);
    }
}
