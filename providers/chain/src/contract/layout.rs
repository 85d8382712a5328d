//! Where a contract keeps a variable that none of its functions answers.
//!
//! - Reads: the storage layout that the compiler wrote, from the outputs of sources.
//! - Returns: a [`VariablePlace`] in the contract's storage.
//! - Never: guesses a place: without a layout there is none.

use std::collections::BTreeMap;

use pospool_conflux::abi;
use pospool_conflux::hex::hex_text;
use pospool_model::{Address, Attributes, Value};
use serde::Deserialize;

use super::CodeName;

/// Bytes of one word of storage, and of an address in it.
const WORD: usize = 32;
const ADDRESS: usize = 20;

/// Place of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VariablePlace {
    slot: u64,
    /// Bytes of the word that other variables take, from its end.
    offset: usize,
}

/// What solc writes as `storageLayout`, as far as it is needed.
#[derive(Deserialize)]
struct AddressLayout {
    storage: Vec<LayoutEntry>,
}

#[derive(Deserialize)]
struct LayoutEntry {
    label: String,
    slot: String,
    offset: usize,
}

impl VariablePlace {
    /// The slot, as a node reads it.
    pub(super) fn slot(self) -> String {
        format!("{:#x}", self.slot)
    }

    /// The slot of an entry of the list that the variable is.
    pub(super) fn entry(self, number: u64) -> String {
        hex_text(&abi::list_slot(self.slot, number))
    }

    /// The address of a word, as a function that answers an address would put it.
    pub(super) fn address(self, word: &[u8]) -> Vec<u8> {
        let end = word.len().checked_sub(self.offset);
        let bytes = end.and_then(|end| word.get(end.checked_sub(ADDRESS)?..end));
        match bytes {
            Some(bytes) => [&[0; WORD - ADDRESS], bytes].concat(),
            None => Vec::new(),
        }
    }
}

/// Finds a variable of the code that was deployed. Where the spec has that code no longer, the layout of the contract's
/// newer code counts: an upgrade keeps places.
pub(super) fn find_place(
    outputs: &BTreeMap<Address, Attributes>,
    code: &CodeName,
    variable: &str,
) -> Option<VariablePlace> {
    let sources = outputs
        .iter()
        .filter(|(address, _)| address.kind() == "source");
    let named = sources
        .flat_map(|(_, source)| source.values())
        .filter_map(|value| {
            let name = CodeName::read(value)?;
            (name.contract == code.contract).then_some((name, value))
        });
    let layouts: Vec<_> = named.collect();
    let same = layouts.iter().find(|(name, _)| name == code);
    let (_, value) = same.or_else(|| layouts.first())?;
    let text = value
        .as_map()?
        .get("storage_layout")
        .and_then(Value::as_text)?;
    let layout: AddressLayout = serde_json::from_str(text).ok()?;
    let entry = layout
        .storage
        .iter()
        .find(|entry| entry.label == variable)?;
    Some(VariablePlace {
        slot: entry.slot.parse().ok()?,
        offset: entry.offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{attributes, map, name};

    const LAYOUT: &str = r#"{"storage":[
        {"label":"a","offset":0,"slot":"4","type":"t_bool"},
        {"label":"_bridgeAddress","offset":1,"slot":"4","type":"t_address"}],"types":{}}"#;

    fn code(digest: &str, layout: &str) -> Value {
        map([
            ("contract", Value::from("ESpacePoSPool")),
            ("digest", Value::from(digest)),
            ("storage_layout", Value::from(layout)),
        ])
    }

    #[test]
    fn a_variable_is_found_beside_another_in_its_word() {
        let wanted = CodeName {
            contract: "ESpacePoSPool".to_owned(),
            digest: "0x01".to_owned(),
        };
        let sources = |entries| BTreeMap::from([(name("source.reference"), entries)]);
        let both = sources(attributes([
            ("A", code("0x00", r#"{"storage":[]}"#)),
            ("B", code("0x01", LAYOUT)),
        ]));
        let place = find_place(&both, &wanted, "_bridgeAddress").unwrap();
        assert_eq!((place.slot(), place.offset), ("0x4".to_owned(), 1));
        assert_eq!(find_place(&both, &wanted, "other"), None);
        let mut word = [0; 32];
        word[11..31].copy_from_slice(&[7; 20]);
        word[31] = 1;
        assert_eq!(
            pospool_conflux::abi::read_address(&place.address(&word)),
            Some([7; 20])
        );
        assert!(place.address(&[1; 8]).is_empty());
        let newer = sources(attributes([("B", code("0x02", LAYOUT))]));
        assert_eq!(find_place(&newer, &wanted, "_bridgeAddress"), Some(place));
        assert_eq!(
            find_place(&BTreeMap::new(), &wanted, "_bridgeAddress"),
            None
        );
    }
}
