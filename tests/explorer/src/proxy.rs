//! Questions whether a contract is a proxy.
//!
//! - Reads: the slots of the contract, when the answer is asked for.
//! - Returns: an id for each question, the same for the same one.
//! - Never: keeps an answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::address::ContractAddress;
use crate::job::derive_digits;

/// A question: the contract, and the implementation that is expected.
pub(crate) type ProxyQuestion = (ContractAddress, Option<ContractAddress>);

/// The questions of one space, by their ids.
#[derive(Debug, Default)]
pub(crate) struct ProxyChecks(Mutex<BTreeMap<String, ProxyQuestion>>);

impl ProxyChecks {
    /// Keeps a question and returns its id: fifty digits.
    pub(crate) fn add(&self, question: ProxyQuestion) -> String {
        let expected = question.1.map_or([0; 20], |address| address.0);
        let mut id = derive_digits(&[b"proxy", &question.0.0, &expected]);
        id.truncate(50);
        self.with(|kept| kept.insert(id.clone(), question));
        id
    }

    pub(crate) fn get(&self, id: &str) -> Option<ProxyQuestion> {
        self.with(|kept| kept.get(id).copied())
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, ProxyQuestion>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
