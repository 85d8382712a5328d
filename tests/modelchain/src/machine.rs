//! The few instructions of code that a call without a receiver brings along.
//!
//! - Reads: code, the number of the block, and what contracts answer.
//! - Returns: what the code returns; or why it stops.
//! - Never: makes a contract of it, or knows who wrote the code.

use ethers_core::types::U256;

use crate::transaction::Account;

/// More memory than any code here needs.
const MOST: usize = 1 << 20;

struct Machine<'a> {
    code: &'a [u8],
    at: usize,
    stack: Vec<U256>,
    memory: Vec<u8>,
    /// What the last call answered.
    returned: Vec<u8>,
}

type AskResult = Result<Vec<u8>, Vec<u8>>;

/// Runs code.
pub(crate) fn run_code(
    code: &[u8],
    block: u64,
    mut ask: impl FnMut(Account, &[u8]) -> AskResult,
) -> Result<Vec<u8>, String> {
    let mut machine = Machine {
        code,
        at: 0,
        stack: Vec::new(),
        memory: Vec::new(),
        returned: Vec::new(),
    };
    loop {
        if let Some(answer) = machine.step(block, &mut ask)? {
            return Ok(answer);
        }
    }
}

impl Machine<'_> {
    fn step(
        &mut self,
        block: u64,
        ask: &mut impl FnMut(Account, &[u8]) -> AskResult,
    ) -> Result<Option<Vec<u8>>, String> {
        let instruction = self.code.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        match instruction {
            0x01 => {
                let (one, other) = (self.pop()?, self.pop()?);
                self.stack.push(one.overflowing_add(other).0);
            }
            0x39 => {
                let (to, from, length) = (self.small()?, self.small()?, self.small()?);
                let part: Vec<u8> = self.code.iter().skip(from).take(length).copied().collect();
                self.room(to, length).copy_from_slice(&part);
            }
            0x3d => self.stack.push(self.returned.len().into()),
            0x3e => {
                let (to, from, length) = (self.small()?, self.small()?, self.small()?);
                let part = self.returned.get(from..from + length);
                let part = part.ok_or("VmError(OutOfBounds)")?.to_vec();
                self.room(to, length).copy_from_slice(&part);
            }
            // It stands in the block after the newest one.
            0x43 => self.stack.push((block + 1).into()),
            0x52 => {
                let (to, word) = (self.small()?, self.pop()?);
                word.to_big_endian(self.room(to, 32));
            }
            0x5a => self.stack.push(27_000_000.into()),
            0x60..=0x7f => {
                let length = usize::from(instruction - 0x5f);
                let bytes = self.code.get(self.at..self.at + length);
                let bytes = bytes.ok_or("VmError(OutOfBounds)")?;
                self.stack.push(U256::from_big_endian(bytes));
                self.at += length;
            }
            0x80..=0x8f => {
                let depth = usize::from(instruction - 0x7f);
                let place = self.stack.len().checked_sub(depth);
                let place = place.ok_or("VmError(StackUnderflow)")?;
                self.stack.push(self.stack[place]);
            }
            0xf3 => {
                let (from, length) = (self.small()?, self.small()?);
                return Ok(Some(self.room(from, length).to_vec()));
            }
            0xfa => self.call(ask)?,
            other => return Err(format!("VmError(BadInstruction {other})")),
        }
        Ok(None)
    }

    fn call(&mut self, ask: &mut impl FnMut(Account, &[u8]) -> AskResult) -> Result<(), String> {
        let (_gas, to) = (self.pop()?, self.pop()?);
        let (from, length, _back, more) =
            (self.small()?, self.small()?, self.small()?, self.small()?);
        if more > 0 {
            return Err("the model leaves what comes back where it is".to_owned());
        }
        let mut word = [0; 32];
        to.to_big_endian(&mut word);
        let mut account = Account::default();
        account.copy_from_slice(&word[12..]);
        let data = self.room(from, length).to_vec();
        let answer = ask(account, &data);
        self.stack.push(U256::from(u8::from(answer.is_ok())));
        self.returned = answer.unwrap_or_else(|reason| reason);
        Ok(())
    }

    fn pop(&mut self) -> Result<U256, String> {
        let top = self.stack.pop();
        top.ok_or_else(|| "VmError(StackUnderflow)".to_owned())
    }

    fn small(&mut self) -> Result<usize, String> {
        let number = self.pop()?;
        if number > MOST.into() {
            return Err("VmError(OutOfGas)".to_owned());
        }
        Ok(number.as_usize())
    }

    fn room(&mut self, from: usize, length: usize) -> &mut [u8] {
        let end = from + length;
        if end > self.memory.len() {
            self.memory.resize(end, 0);
        }
        &mut self.memory[from..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code that was run on conflux-rust v3.0.2: it returns the number of its block.
    #[test]
    fn code_runs_as_on_a_node() {
        let code = [0x43, 0x60, 0, 0x52, 0x60, 0x20, 0x60, 0, 0xf3];
        let answer = run_code(&code, 16, |_, _| Ok(Vec::new())).unwrap();
        assert_eq!((answer.len(), answer[31]), (32, 17));
        let stops = |code: &[u8]| run_code(code, 16, |_, _| Ok(Vec::new())).unwrap_err();
        assert_eq!(stops(&[0x52]), "VmError(StackUnderflow)");
        assert_eq!(stops(&[0xfe]), "VmError(BadInstruction 254)");
        assert_eq!(stops(&[]), "VmError(BadInstruction 0)");
    }
}
