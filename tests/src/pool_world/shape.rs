//! What a story's spec looks like.
//!
//! - Reads: a seed.
//! - Returns: the text of a spec, and what it means for the chain.
//! - Never: wants a setting that the contracts have already, so each wish costs exactly one transaction.

use std::fmt::Write as _;
use std::path::Path;

use pospool_chain::{ChainProvider, ChainSettings};
use pospool_conflux::CoreAddress;
use pospool_model::Provider;
use pospool_modelchain::Depth;
use pospool_modelchain::random::Random;

use crate::private_file::write_private;

/// Public halves of the keys 1, 2 and 3 give the accounts; keys are counted from here.
const KEYS: [u8; 2] = [0x11, 0x22];

/// How far a change that carries no value is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeWaitLevel {
    /// `executed`.
    Executed,
    /// `confirmed`.
    Confirmed,
    /// `finalised`.
    Finalised,
}

/// One pool of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Label of contract, node and registration.
    pub label: &'static str,
    /// Position of its owner among the accounts.
    pub owner: usize,
    /// Whether it is behind a proxy.
    pub proxy: bool,
    /// Setting `name`.
    pub name: Option<String>,
    /// Setting `user_share_ratio`, in percent.
    pub ratio: Option<u64>,
    /// Setting `lock_period`.
    pub lock_period: Option<u64>,
    /// Setting `unlock_period`.
    pub unlock_period: Option<u64>,
}

/// A spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Chain id: 1 (testnet) or 1234 (a private network).
    pub network: u32,
    /// Hosts of the endpoints.
    pub hosts: Vec<String>,
    /// How many accounts there are.
    pub signers: usize,
    /// The pools.
    pub pools: Vec<PoolShape>,
    /// Whether there is a list of pools.
    pub manager: bool,
    /// How far changes are waited for; only where the kind `chain` has it.
    pub wait_level: ChangeWaitLevel,
}

/// Whether `chain` has the attribute `wait_level`.
pub(super) fn has_wait_levels() -> bool {
    let provider = ChainProvider::new(ChainSettings::default());
    let chain = provider.kinds().iter().find(|kind| kind.kind == "chain");
    chain.is_some_and(|chain| chain.attribute("wait_level").is_some())
}

impl Shape {
    /// Draws a spec.
    #[must_use]
    pub fn drawn(random: &mut Random) -> Self {
        let signers = random.position(2) + 1;
        let count = if random.chance(300) { 2 } else { 1 };
        let hosts = ["a.model", "b.model", "c.model"];
        let pools = (0..count)
            .map(|index| PoolShape::drawn(random, index, signers))
            .collect();
        Self {
            network: if random.chance(500) { 1 } else { 1234 },
            hosts: hosts[..=random.position(3)]
                .iter()
                .map(ToString::to_string)
                .collect(),
            signers,
            pools,
            manager: random.chance(700),
            wait_level: match random.below(4) {
                0 => ChangeWaitLevel::Executed,
                1 | 2 => ChangeWaitLevel::Confirmed,
                _ => ChangeWaitLevel::Finalised,
            },
        }
    }

    /// The same with other wishes, as an operator changes them later.
    #[must_use]
    pub fn changed(&self, random: &mut Random) -> Self {
        let mut changed = self.clone();
        let pool = random.position(changed.pools.len());
        let pool = &mut changed.pools[pool];
        pool.ratio = Some(pool.ratio.unwrap_or(50) + 1);
        if random.chance(500) {
            pool.name = Some(format!(
                "{} renamed",
                pool.name.as_deref().unwrap_or("Pool")
            ));
        }
        if random.chance(300) {
            pool.lock_period = Some(pool.lock_period.unwrap_or(3_000_000) + 7);
        }
        changed
    }

    /// How far the branch may change under this spec without a promise being broken.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match self.wait_level {
            _ if !has_wait_levels() => Depth::Packed,
            ChangeWaitLevel::Executed => Depth::Packed,
            ChangeWaitLevel::Confirmed => Depth::Unconfirmed,
            ChangeWaitLevel::Finalised => Depth::Unfinalised,
        }
    }

    /// Addresses of the accounts.
    pub fn accounts(&self) -> impl Iterator<Item = CoreAddress> {
        KEYS[..self.signers]
            .iter()
            .map(|byte| address(*byte, self.network))
    }

    /// Writes the keys and the nodes' password.
    pub fn write_keys(&self, folder: &Path) -> std::io::Result<()> {
        for (index, byte) in KEYS[..self.signers].iter().enumerate() {
            let digits = format!("{byte:02x}").repeat(32);
            write_private(&folder.join(format!("{index}.key")), &digits)?;
        }
        write_private(&folder.join("password"), "model")
    }

    /// The text of the spec.
    #[must_use]
    pub fn spec(&self, folder: &Path) -> String {
        let mut text = self.chain_block();
        let file = |name: &str| format!("file(\"{}\")", folder.join(name).display());
        for index in 0..self.signers {
            let key = file(&format!("{index}.key"));
            let _ = writeln!(text, "account \"a{index}\" {{\n  private_key = {key}\n}}");
        }
        text.push_str("host \"one\" {\n  docker = \"unix:///model.sock\"\n}\n");
        text.push_str("source \"reference\" {\n  path = \"contracts\"\n}\n");
        for pool in &self.pools {
            text.push_str(&pool.blocks(&file("password")));
        }
        if self.manager {
            let pools: Vec<_> = self
                .pools
                .iter()
                .map(|pool| format!("core_contract.{}", pool.label))
                .collect();
            let _ = writeln!(
                text,
                "core_contract \"manager\" {{\n  code = source.reference.PoolManager\n  owner = account.a0\n  settings = {{ pools = [{}] }}\n}}",
                pools.join(", ")
            );
        }
        text
    }

    fn chain_block(&self) -> String {
        let network = if self.network == 1 {
            "testnet"
        } else {
            "devnet"
        };
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .map(|host| format!("\"http://{host}\""))
            .collect();
        let level = match self.wait_level {
            _ if !has_wait_levels() => String::new(),
            ChangeWaitLevel::Executed => "  wait_level = \"executed\"\n".to_owned(),
            ChangeWaitLevel::Confirmed => "  wait_level = \"confirmed\"\n".to_owned(),
            ChangeWaitLevel::Finalised => "  wait_level = \"finalised\"\n".to_owned(),
        };
        format!(
            "chain \"conflux\" {{\n  network = \"{network}\"\n  core_rpc = [{}]\n{level}}}\n",
            hosts.join(", ")
        )
    }
}

impl PoolShape {
    fn drawn(random: &mut Random, index: usize, signers: usize) -> Self {
        let mut maybe = |value: u64| random.chance(600).then_some(value);
        let shape = Self {
            label: ["harbour", "river"][index],
            owner: index % signers,
            proxy: true,
            name: None,
            ratio: maybe(60),
            lock_period: maybe(3_000_000),
            unlock_period: maybe(200_000),
        };
        Self {
            proxy: random.chance(800),
            name: random.chance(600).then(|| format!("Pool number {index}")),
            ..shape
        }
    }

    fn blocks(&self, password: &str) -> String {
        let label = self.label;
        let mut settings = String::new();
        if let Some(name) = &self.name {
            let _ = writeln!(settings, "    name = \"{name}\"");
        }
        if let Some(ratio) = self.ratio {
            let _ = writeln!(settings, "    user_share_ratio = \"{ratio}%\"");
        }
        if let Some(blocks) = self.lock_period {
            let _ = writeln!(settings, "    lock_period = blocks({blocks})");
        }
        if let Some(blocks) = self.unlock_period {
            let _ = writeln!(settings, "    unlock_period = blocks({blocks})");
        }
        let (owner, proxy) = (self.owner, self.proxy);
        format!(
            "volume \"{label}\" {{\n  host = host.one\n}}\n\
             node \"{label}\" {{\n  host = host.one\n  image = \"model/conflux:1\"\n  data = volume.{label}\n  \
             pos_key_password = {password}\n}}\n\
             core_contract \"{label}\" {{\n  code = source.reference.PoSPool\n  owner = account.a{owner}\n  \
             proxy = {proxy}\n  settings = {{\n{settings}  }}\n}}\n\
             pos_registration \"{label}\" {{\n  node = node.{label}\n  pool = core_contract.{label}\n  \
             deposit = cfx(1000)\n  lifecycle {{ irreversible = \"accept\" }}\n}}\n"
        )
    }
}

/// The account of a key whose bytes are all the same.
fn address(byte: u8, network: u32) -> CoreAddress {
    CoreAddress::of_public_key(&pospool_modelchain::artifact::public_key(byte), network)
}
