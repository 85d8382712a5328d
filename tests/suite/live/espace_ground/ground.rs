//! Hands for a test: transactions in both spaces, one after the other, and what each of them took.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pospool_devnet::sender::{DevnetSender, DevnetTransaction, SenderSpace};
use pospool_devnet::words::{self, Word};
use pospool_devnet::{accounts::FundedAccount, settings};
use pospool_source::{Artifact, SourceRequest, compile_contracts};
use pospool_tests::stand_ins;
use tokio::runtime::Runtime;

use crate::live::project::network;

/// Longest wait for something that PoS does; the real waits are printed.
const LIMIT: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(500);

pub(crate) type Bytes20 = [u8; 20];

/// A transaction that was executed.
struct Row {
    what: String,
    space: SenderSpace,
    gas: (u64, u64),
    storage: (u64, u64),
}

/// Both spaces of the network.
pub(crate) struct Ground {
    runtime: Runtime,
    start: Instant,
    rows: RefCell<Vec<Row>>,
    artifacts: BTreeMap<String, Artifact>,
}

impl Ground {
    /// Compiles contracts of the reference or the stand-ins, and the oracle, which only the stand-ins have.
    pub(crate) fn new(names: &[&str], oracle: &str) -> Self {
        let cache = settings::default_cache_dir().join("sources");
        let compiled = |folder, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            compile_contracts(&SourceRequest::folder(folder, &cache), &names).unwrap()
        };
        let mut artifacts = compiled(stand_ins::contracts_folder(), names);
        artifacts.extend(compiled(stand_ins::stand_ins_folder(), &[oracle]));
        Self {
            runtime: Runtime::new().unwrap(),
            start: Instant::now(),
            rows: RefCell::default(),
            artifacts,
        }
    }

    pub(crate) fn sender(account: &FundedAccount) -> DevnetSender {
        DevnetSender::new(network(), account).unwrap()
    }

    /// Creates a contract.
    pub(crate) fn create(&self, by: &DevnetSender, space: SenderSpace, name: &str) -> Bytes20 {
        self.created(by, space, name, &[])
    }

    /// Creates a contract behind a proxy, which runs its `initialize()`.
    pub(crate) fn create_behind(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        name: &str,
        proxy: &str,
    ) -> Bytes20 {
        let implementation = self.create(by, space, name);
        self.created(by, space, proxy, &words::proxy_arguments(implementation))
    }

    fn created(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        name: &str,
        arguments: &[u8],
    ) -> Bytes20 {
        let code = self.artifacts[name].bytecode.trim_start_matches("0x");
        let code = ethers_core::utils::hex::decode(code).unwrap();
        let draft = DevnetTransaction {
            data: [&code, arguments].concat(),
            ..DevnetTransaction::default()
        };
        let contract = name.rsplit(':').next().unwrap();
        self.send(by, space, format!("create {contract}"), &draft)
            .unwrap()
    }

    /// Calls a function of a contract.
    pub(crate) fn call(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        to: Bytes20,
        function: &str,
        arguments: &[Word],
    ) {
        self.pay(by, space, to, function, arguments, 0);
    }

    /// The same with value, in drip.
    pub(crate) fn pay(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        to: Bytes20,
        function: &str,
        arguments: &[Word],
        value: u128,
    ) {
        let draft = DevnetTransaction {
            to: Some(to),
            value,
            data: words::encode_call(function, arguments),
        };
        self.send(by, space, function.to_owned(), &draft);
    }

    fn send(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        what: String,
        draft: &DevnetTransaction,
    ) -> Option<Bytes20> {
        let receipt = self
            .runtime
            .block_on(by.send(space, draft))
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        self.rows.borrow_mut().push(Row {
            what,
            space,
            gas: (receipt.gas_limit, receipt.gas_used),
            storage: (receipt.storage_limit, receipt.storage_used),
        });
        receipt.created
    }

    /// The words that a view answers.
    pub(crate) fn words(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        to: Bytes20,
        function: &str,
        arguments: &[Word],
    ) -> Vec<u128> {
        let answer = self
            .ask(by, space, to, function, arguments)
            .unwrap_or_else(|error| panic!("{function}: {error}"));
        let count = answer.len() / 32;
        (0..count)
            .map(|nth| words::nth_number(&answer, nth).unwrap())
            .collect()
    }

    /// Calls a function without sending anything.
    pub(crate) fn ask(
        &self,
        by: &DevnetSender,
        space: SenderSpace,
        to: Bytes20,
        function: &str,
        arguments: &[Word],
    ) -> pospool_devnet::Result<Vec<u8>> {
        let data = words::encode_call(function, arguments);
        self.runtime.block_on(by.ask(space, to, &data))
    }

    pub(crate) fn balance(&self, of: &DevnetSender) -> u128 {
        let address = of.espace_address;
        self.runtime
            .block_on(of.balance(SenderSpace::ESpace, address))
            .unwrap()
    }

    /// Says something with the time since the beginning.
    pub(crate) fn note(&self, text: &str) {
        println!("{:>6.1} s  {text}", self.start.elapsed().as_secs_f32());
    }

    /// Waits for something to become so.
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(seen) = look() {
                self.note(what);
                return seen;
            }
            assert!(Instant::now() < end, "`{what}` did not happen in {LIMIT:?}");
            std::thread::sleep(POLL);
        }
    }

    /// What each transaction took.
    pub(crate) fn print_table(&self) {
        println!("| call | space | gas estimated | gas used | storage estimated | storage used |");
        println!("|---|---|---|---|---|---|");
        for row in self.rows.borrow().iter() {
            println!(
                "| {} | {:?} | {} | {} | {} | {} |",
                row.what, row.space, row.gas.0, row.gas.1, row.storage.0, row.storage.1
            );
        }
    }
}
