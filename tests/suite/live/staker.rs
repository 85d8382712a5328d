//! A node whose key has votes of one account: what a voter needs, and none of a pool's contracts.

use std::os::unix::fs::PermissionsExt as _;

use pospool_devnet::sender::{DevnetSender, DevnetTransaction, STAKING, SenderSpace};
use pospool_devnet::words::{encode_call, encode_number};
use tokio::runtime::Runtime;

use super::project::{Operator, PASSWORD, Project, network, number};
use super::voter::Voter;

/// Votes of a key: with the 60 of the genesis a part of every committee, and never needed for a quorum.
pub(super) const VOTES: u64 = 9;

/// The node, which comes back without a person, and its project.
pub(super) struct Staker {
    pub(super) project: Project,
    pub(super) volume: String,
    pub(super) voter: Voter,
}

/// What is written about a staker's node beside what all have.
pub(super) struct StakerPlace<'a> {
    pub(super) host: Option<String>,
    pub(super) docker_network: &'a str,
    /// Of the network's accounts.
    pub(super) account: usize,
}

impl Staker {
    /// Brings up a node that does not vote yet.
    pub(super) fn new(place: StakerPlace<'_>) -> Self {
        let network = network();
        let host = place.host.as_ref();
        let docker = host.map_or_else(String::new, |url| format!("  docker = {url:?}\n"));
        let spec = format!(
            "chain \"net\" {{\n  network = \"devnet\"\n  core_rpc = \"CORE_RPC\"\n  node_files = \"{}\"\n  \
             bootnodes = {:?}\n}}\n\
             host \"main\" {{\n{docker}}}\n\
             volume \"main\" {{}}\n\
             node \"main\" {{\n  data = volume.main\n  image = {:?}\n  docker_network = {:?}\n  core_rpc = \"SOURCE_RPC\"\n  \
             pos_key_password = mount(\"PASSWORD\")\n}}\n",
            network.node_files.display(),
            network.bootnode,
            network.image,
            place.docker_network,
        );
        let operator = Operator {
            account: network.accounts[place.account].clone(),
            password: PASSWORD.to_owned(),
            variables: Vec::new(),
        };
        let project = Project::bare(operator, &spec);
        let file = project.path("pos-key-password");
        std::fs::write(&file, PASSWORD).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        std::os::unix::fs::chown(&file, Some(10001), None).unwrap();
        project.edit("PASSWORD", file.to_str().unwrap());
        project.ok(&["apply", "--auto-approve"]);
        let volume = project.recorded("volume.main")["outputs"]["name"].take();
        let mut voter = Voter::of(&project);
        voter.host = place.host;
        Self {
            volume: volume.as_str().unwrap().to_owned(),
            voter,
            project,
        }
    }

    /// Stakes for its key, and waits until it votes.
    pub(super) fn is_a_voter(&self, votes: u64) {
        self.register(votes);
        self.voter.votes();
    }

    fn register(&self, votes: u64) {
        let outputs = self.project.recorded("node.main")["outputs"].take();
        let data = outputs["register_data"].as_str().unwrap();
        let mut data: Vec<u8> = (2..data.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap())
            .collect();
        // `register(bytes32 identifier, uint64 votes, …)`.
        data[4 + 32 + 24..4 + 64].copy_from_slice(&votes.to_be_bytes());
        self.stake(votes, data);
    }

    /// Gives its key more votes.
    pub(super) fn add_votes(&self, votes: u64) {
        let number = encode_number(votes.into());
        self.stake(votes, encode_call("increaseStake(uint64)", &[number]));
    }

    /// Stakes for so many votes, and tells PoS.
    fn stake(&self, votes: u64, data: Vec<u8>) {
        let stake = u128::from(votes) * 1000 * 1_000_000_000_000_000_000;
        let deposit = encode_call("deposit(uint256)", &[encode_number(stake)]);
        // The chain's own contract that keeps the register of PoS.
        let mut register = STAKING;
        register[19] = 5;
        let sender = DevnetSender::new(network(), self.project.account()).unwrap();
        for (to, data) in [(STAKING, deposit), (register, data)] {
            let draft = DevnetTransaction {
                to: Some(to),
                data,
                ..DevnetTransaction::default()
            };
            let sent = sender.send(SenderSpace::Core, &draft);
            Runtime::new().unwrap().block_on(sent).unwrap();
        }
    }

    /// PoS has neither retired the key nor heard of two votes of it, and counts its votes.
    pub(super) fn is_undisputed(&self) {
        let status = self.voter.undisputed_status();
        assert_ne!(number(&status["availableVotes"]), 0, "{status:#}");
    }
}
