//! One ticket, the nodes around it, and what is told of its life.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pospool_conflux::UnsignedTransaction;
use pospool_conflux_rpc::CountingTransport;
use pospool_model::provider::{Progress, Ticket};
use pospool_model::{Attributes, Endpoint, ProviderError, SecretRef};

use super::super::carry_out;
use super::nodes::{Happened, Node, Nodes, Story};
use crate::flight::History;
use crate::pace::Pace;
use crate::signed::{PriceForm, SignedForm, SignedWork};
use crate::testing::{NETWORK, chain_ref};
use crate::wait_level::WaitLevel;
use pospool_conflux::{CoreTransaction, Key};

const KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(super) const PRICE: u128 = 1000;

/// Hears what is said, and keeps what is put on the disk.
struct Ear {
    story: Story,
    stop: bool,
    disk_is_full: bool,
}

#[async_trait]
impl Progress for Ear {
    fn sent(&self) {
        self.story.lock().unwrap().push(Happened::Sent);
    }

    fn waiting(&self, what: &str) {
        let said = Happened::Said(what.to_owned());
        self.story.lock().unwrap().push(said);
    }

    fn cancelled(&self) -> bool {
        self.stop
    }

    async fn amend(&self, ticket: &Ticket) -> Result<(), ProviderError> {
        if self.disk_is_full {
            return Err(ProviderError::Cancelled);
        }
        let signed: SignedWork = serde_json::from_value(ticket.payload.clone()).unwrap();
        assert_eq!(ticket.key, signed.first.hash, "a ticket keeps its key");
        let amended = Happened::Amended(signed.newest().raw.clone());
        self.story.lock().unwrap().push(amended);
        Ok(())
    }
}

/// The form of a ticket that this journal has.
fn ticket_of(signed: SignedWork) -> Ticket {
    Ticket {
        key: signed.first.hash.clone(),
        payload: serde_json::to_value(signed).unwrap(),
    }
}

/// A ticket's life: result and story.
pub(super) struct Life {
    pub(super) result: Result<u64, ProviderError>,
    pub(super) story: Vec<Happened>,
}

impl Life {
    /// How often bytes went out.
    pub(super) fn sends(&self) -> usize {
        let bytes = |happened: &&Happened| matches!(happened, Happened::Bytes(..));
        self.story.iter().filter(bytes).count()
    }

    pub(super) fn said_sent(&self) -> usize {
        let sent = |happened: &&Happened| **happened == Happened::Sent;
        self.story.iter().filter(sent).count()
    }

    pub(super) fn says(&self, part: &str) -> bool {
        let said =
            |happened: &Happened| matches!(happened, Happened::Said(what) if what.contains(part));
        self.story.iter().any(said)
    }

    pub(super) fn code(&self) -> &'static str {
        self.result.as_ref().unwrap_err().code().as_str()
    }

    /// Whether the ticket stays open.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.result, Err(ProviderError::OutcomeUnknown { .. }))
    }
}

/// One ticket and the nodes around it.
pub(super) struct Scene {
    pub(super) nodes: Vec<Node>,
    pub(super) signed: SignedWork,
    pub(super) history: History,
    pub(super) wait: Duration,
    pub(super) stop: bool,
    pub(super) disk_is_full: bool,
    _folder: tempfile::TempDir,
}

/// A usual ticket of this run, and plenty of time.
pub(super) fn scene(nodes: impl IntoIterator<Item = Node>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, KEY).unwrap();
    let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, owner_alone).unwrap();
    Scene {
        nodes: nodes.into_iter().collect(),
        signed: signed(path),
        history: History::Unsent,
        wait: Duration::from_mins(1),
        stop: false,
        disk_is_full: false,
        _folder: folder,
    }
}

fn signed(path: PathBuf) -> SignedWork {
    let price = PriceForm::Market {
        max_fee: PRICE,
        max_priority: 1,
    };
    let unsigned = CoreTransaction {
        nonce: 5,
        price: price.into(),
        gas: 100_000,
        to: Some([0x80; 20]),
        value: 0,
        storage_limit: 0,
        epoch_height: 1000,
        chain_id: NETWORK.into(),
        data: vec![1, 2, 3, 4],
    };
    SignedWork {
        chain: chain_ref(&[]),
        from: Key::parse(KEY).unwrap().core_address(NETWORK).into(),
        key: SecretRef::File(path).into(),
        nonce: 5,
        epoch_height: Some(1000),
        first: SignedForm::of(
            &UnsignedTransaction::Core(unsigned),
            price,
            &Key::parse(KEY).unwrap(),
        ),
        raised: Vec::new(),
        ceiling: 10 * PRICE,
        creates: None,
        level: WaitLevel::Executed,
        outputs: Attributes::new(),
    }
}

impl Scene {
    /// An earlier run signed it.
    pub(super) fn settled(mut self) -> Self {
        self.history = History::Unsure;
        self
    }

    pub(super) fn level(mut self, level: WaitLevel) -> Self {
        self.signed.level = level;
        self
    }

    /// It is waited for as long as looks are worth while.
    pub(super) async fn run(mut self) -> Life {
        let urls = (0..self.nodes.len()).map(|index| format!("http://{index}.example"));
        let endpoints = urls.map(|url| Endpoint::parse(&url).unwrap());
        self.signed.chain.endpoints = endpoints.collect();
        let story = Story::default();
        let link = CountingTransport::new(Arc::new(Nodes {
            all: self.nodes.into_iter().map(Mutex::new).collect(),
            first: self.signed.first.hash.clone(),
            story: Arc::clone(&story),
        }));
        let ear = Ear {
            story: Arc::clone(&story),
            stop: self.stop,
            disk_is_full: self.disk_is_full,
        };
        let pace = Pace {
            wait: self.wait,
            poll: Duration::from_secs(1),
        };
        let result = carry_out(&link, pace, self.signed, self.history, ticket_of, &ear).await;
        let story = story.lock().unwrap().clone();
        Life { result, story }
    }
}
