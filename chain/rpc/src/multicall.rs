//! Many views of Core Space in one call: a public endpoint counts each call, also inside a batch.
//!
//! - Reads: addresses and call data; the answer to a call without a receiver.
//! - Returns: what each view answered, all at one state of the chain, as if it had been asked alone.
//! - Never: leaves anything on the chain, needs a contract of ours there, or takes an answer that is not whole.
//!
//! A call without a receiver runs its data as the code of a contract in the making, and its result is what that code
//! returns (seen on conflux-rust v3.0.2, in both spaces). The code here asks one view after the other and returns all
//! answers: for each a word that says whether it went well, a word with the length, and the bytes; before them all the
//! number of the block. An endpoint may not take such calls: whoever asks must be able to ask each view alone.

use pospool_conflux::hex::hex_text;
use serde_json::json;

use crate::batch::{At, Batch, BatchAnswers, Slot};
use crate::call::Refusal;

/// Code of a revert (conflux-rust `error_codes.rs`): a view that failed says no more here.
const REVERTED: i64 = -32015;
const WORD: usize = 32;
/// Most gas of a view: one that runs away, or is refused by the chain itself, takes all it may, and the others must be
/// answered too. A node gives 27,000,000 to a call.
const GAS: u32 = 2_000_000;

/// Views to ask together.
#[derive(Clone, Debug, Default)]
pub struct Multicall(Vec<MulticallView>);

#[derive(Clone, Debug)]
struct MulticallView {
    to: [u8; 20],
    data: Vec<u8>,
    gas: u32,
}

/// What views answered.
#[derive(Debug, PartialEq, Eq)]
pub struct MulticallAnswer {
    /// Newest block of the state that was asked; `None` if nobody said.
    pub block: Option<u64>,
    /// In the order in which they were asked.
    pub views: Vec<Result<Vec<u8>, Refusal>>,
}

impl Multicall {
    /// Adds a view.
    pub fn view(&mut self, to: [u8; 20], data: Vec<u8>) {
        self.0.push(MulticallView { to, data, gas: GAS });
    }

    /// Adds a view that needs more than others do.
    pub fn large_view(&mut self, to: [u8; 20], data: Vec<u8>) {
        let gas = 2 * GAS;
        self.0.push(MulticallView { to, data, gas });
    }

    /// Asks all of them with one call.
    pub fn ask(&self, batch: &mut Batch, at: At) -> Slot {
        let at = match at {
            At::Epoch(number) => format!("{number:#x}"),
            At::LatestState => "latest_state".to_owned(),
            At::LatestFinalised => "latest_finalized".to_owned(),
        };
        let data = hex_text(&self.code());
        batch.ask("cfx_call", json!([{ "data": data }, at]))
    }

    /// Reads the answer; `None` unless it is one, and whole.
    #[must_use]
    pub fn read(&self, answers: &BatchAnswers, slot: Slot) -> Option<MulticallAnswer> {
        self.read_bytes(&answers.bytes(slot)?)
    }

    fn read_bytes(&self, bytes: &[u8]) -> Option<MulticallAnswer> {
        let mut rest = bytes;
        // The code runs as if it stood in the block after the newest one.
        let block = take_number(&mut rest)?.checked_sub(1)?;
        let views = self.0.iter().map(|_| {
            let went_well = take_number(&mut rest)?;
            let length = usize::try_from(take_number(&mut rest)?).ok()?;
            let (answer, more) = rest.split_at_checked(length)?;
            rest = more;
            Some(match went_well {
                1 => Ok(answer.to_vec()),
                _ => Err(failed(answer)),
            })
        });
        let views = views.collect::<Option<Vec<_>>>()?;
        rest.is_empty().then_some(MulticallAnswer {
            block: Some(block),
            views,
        })
    }

    /// The code, and behind it the data of all views.
    fn code(&self) -> Vec<u8> {
        let program = self.program(self.program(0).len());
        let data = self.0.iter().flat_map(|view| view.data.iter().copied());
        program.into_iter().chain(data).collect()
    }

    /// The program. On its stack is the place in memory where the next answer goes, and nothing else between two views.
    fn program(&self, data_from: usize) -> Vec<u8> {
        // NUMBER, PUSH 0, MSTORE; PUSH 32: the first answer stands behind the number.
        let mut code = vec![0x43, 0x60, 0, 0x52, 0x60, 0x20];
        let mut from = data_from;
        for view in &self.0 {
            let [length, at] = [view.data.len(), from].map(two_bytes);
            from += view.data.len();
            // CODECOPY of the data to that place: nothing else is there yet.
            code.extend([0x61, length[0], length[1], 0x61, at[0], at[1], 0x82, 0x39]);
            // STATICCALL with it; what comes back stays where it is.
            code.extend([0x60, 0, 0x60, 0, 0x61, length[0], length[1], 0x83, 0x73]);
            code.extend(view.to);
            code.push(0x63);
            code.extend(view.gas.to_be_bytes());
            code.push(0xfa);
            // MSTORE of how it went, MSTORE of RETURNDATASIZE, RETURNDATACOPY behind them.
            code.extend([0x81, 0x52, 0x3d, 0x81, 0x60, 0x20, 0x01, 0x52]);
            code.extend([0x3d, 0x60, 0, 0x82, 0x60, 0x40, 0x01, 0x3e]);
            // The next place is behind all that.
            code.extend([0x3d, 0x01, 0x60, 0x40, 0x01]);
        }
        // RETURN of everything before the next place.
        code.extend([0x60, 0, 0xf3]);
        code
    }
}

/// Two bytes of a length or an offset: all code of a call is far below 65,536 bytes.
fn two_bytes(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (word, rest) = bytes.split_at_checked(WORD)?;
    *bytes = rest;
    let (high, low) = word.split_at(WORD - 8);
    let low = u64::from_be_bytes(low.try_into().ok()?);
    high.iter().all(|byte| *byte == 0).then_some(low)
}

fn failed(answer: &[u8]) -> Refusal {
    let message = match answer {
        [] => "it reverts without a reason, or needs too much gas",
        _ => "Transaction reverted",
    };
    Refusal {
        code: REVERTED,
        message: message.to_owned(),
        data: Some(hex_text(answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_conflux::hex::hex_bytes;
    use pospool_rpcstub::answer_multicall;

    fn three_views() -> Multicall {
        let mut views = Multicall::default();
        views.view([7; 20], vec![1, 2, 3, 4]);
        views.large_view([8; 20], vec![5; 36]);
        views.view([9; 20], vec![6; 4]);
        views
    }

    #[test]
    fn each_view_has_its_own_answer() {
        let views = three_views();
        let mut asked = Vec::new();
        let text = answer_multicall(&hex_text(&views.code()), 99, |to, data| {
            asked.push((to[0], data.to_vec()));
            match to[0] {
                7 => Ok(vec![1; 33]),
                8 => Err(vec![]),
                _ => Err(vec![0xab]),
            }
        });
        assert_eq!(
            asked,
            [(7, vec![1, 2, 3, 4]), (8, vec![5; 36]), (9, vec![6; 4])]
        );
        let told = views.read_bytes(&hex_bytes(&text).unwrap()).unwrap();
        assert_eq!(told.block, Some(99));
        assert_eq!(told.views[0], Ok(vec![1; 33]));
        let refusals: Vec<_> = told.views[1..]
            .iter()
            .map(|view| view.clone().unwrap_err())
            .collect();
        assert!(refusals[0].message.contains("too much gas"));
        assert_eq!(refusals[1].data.as_deref(), Some("0xab"));
    }

    #[test]
    fn what_is_not_whole_is_no_answer() {
        let views = three_views();
        let text = answer_multicall(&hex_text(&views.code()), 99, |_, _| Ok(vec![1; 32]));
        let bytes = hex_bytes(&text).unwrap();
        assert!(views.read_bytes(&bytes).is_some());
        for length in 0..bytes.len() {
            assert_eq!(views.read_bytes(&bytes[..length]), None, "{length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(views.read_bytes(&longer), None);
        let mut endless = bytes;
        endless[32 + 32] = 0xff;
        assert_eq!(views.read_bytes(&endless), None);
    }
}
