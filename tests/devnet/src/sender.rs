//! One account that sends transactions in both spaces, for tests that do by hand what pospool does by plan.
//!
//! - Reads: nonces, prices and estimates of a devnet's node.
//! - Returns: what became of a transaction, once it is executed.
//! - Never: sends two transactions at once, or keeps anything: what is cut short is lost.
//!
//! Core transactions are of type 0, those of eSpace of type 2 (EIP-1559). Their limits are the node's own estimates, with
//! room for what happens in between.

use std::time::Duration;

use ethers_core::{
    k256::ecdsa::SigningKey,
    utils::{keccak256, rlp::RlpStream},
};
use pospool_conflux::CoreAddress;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    accounts::{FundedAccount, decode_hex, encode_hex},
    error::{DevnetError, Result},
    network::DevnetInfo,
    rpc::{RpcClient, parse_amount, parse_quantity},
};

/// Room for slots that are written in between, such as those of a reward that comes between estimate and execution: 64 bytes each.
const STORAGE_ROOM: u64 = 512;

/// The chain's own contract that keeps stake.
pub const STAKING: [u8; 20] = internal(2);
/// The chain's own way from Core space into eSpace.
pub const CROSS_SPACE_CALL: [u8; 20] = internal(6);
/// The chain's own votes on its parameters.
pub const PARAMS_CONTROL: [u8; 20] = internal(7);
const LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(100);

/// Which half of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderSpace {
    /// Core space.
    Core,
    /// eSpace.
    ESpace,
}

/// What to send.
#[derive(Clone, Debug, Default)]
pub struct DevnetTransaction {
    /// Receiver; `None` creates a contract.
    pub to: Option<[u8; 20]>,
    /// In drip.
    pub value: u128,
    /// Call data or init code.
    pub data: Vec<u8>,
}

/// A transaction that was executed and did what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevnetReceipt {
    /// Hash of the transaction.
    pub hash: String,
    /// The contract that it created.
    pub created: Option<[u8; 20]>,
    /// Gas that was estimated, and was its limit.
    pub gas_limit: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// Bytes of storage that were its limit: those that were estimated, and some room; none in eSpace.
    pub storage_limit: u64,
    /// Bytes of storage that collateral was paid for, by any account.
    pub storage_used: u64,
}

/// An account on a devnet.
#[derive(Debug)]
pub struct DevnetSender {
    key: SigningKey,
    core: RpcClient,
    espace: RpcClient,
    chain_id: u32,
    evm_chain_id: u32,
    /// The account in Core space.
    pub core_address: [u8; 20],
    /// The account in eSpace.
    pub espace_address: [u8; 20],
}

/// What is decided about a transaction beside its draft.
struct Terms {
    nonce: u64,
    gas: u64,
    storage: u64,
    /// Drip for a unit of gas.
    price: u128,
    epoch: u64,
}

impl DevnetSender {
    /// Takes an account of a devnet.
    pub fn new(devnet: &DevnetInfo, account: &FundedAccount) -> Result<Self> {
        let secret = decode_hex("a private key", &account.private_key)?;
        let key = SigningKey::from_slice(&secret)
            .map_err(|err| DevnetError::malformed("a private key", err))?;
        Ok(Self {
            key,
            core: RpcClient::new(&devnet.core_rpc)?,
            espace: RpcClient::new(&devnet.espace_rpc)?,
            chain_id: devnet.chain_id,
            evm_chain_id: devnet.evm_chain_id,
            core_address: address(&account.core_hex)?,
            espace_address: address(&account.espace_address)?,
        })
    }

    /// Sends a transaction and waits until it is executed; one that fails is an error.
    pub async fn send(
        &self,
        space: SenderSpace,
        draft: &DevnetTransaction,
    ) -> Result<DevnetReceipt> {
        let terms = match space {
            SenderSpace::Core => self.core_terms(draft).await?,
            SenderSpace::ESpace => self.espace_terms(draft).await?,
        };
        let (method, raw) = match space {
            SenderSpace::Core => ("cfx_sendRawTransaction", self.sign_core(draft, &terms)?),
            SenderSpace::ESpace => ("eth_sendRawTransaction", self.sign_espace(draft, &terms)?),
        };
        let params = json!([format!("0x{}", encode_hex(&raw))]);
        self.rpc(space).call(method, params).await?;
        self.receipt(space, format!("0x{}", encode_hex(&keccak256(&raw))), &terms)
            .await
    }

    /// Asks a contract, as this account, and returns its answer.
    pub async fn ask(&self, space: SenderSpace, to: [u8; 20], data: &[u8]) -> Result<Vec<u8>> {
        let draft = DevnetTransaction {
            to: Some(to),
            data: data.to_vec(),
            ..DevnetTransaction::default()
        };
        let (method, params) = match space {
            SenderSpace::Core => ("cfx_call", json!([self.request(space, &draft)])),
            SenderSpace::ESpace => ("eth_call", json!([self.request(space, &draft), "latest"])),
        };
        let answer = self.rpc(space).call(method, params).await?;
        decode_hex(method, answer.as_str().unwrap_or_default())
    }

    /// Returns what an address holds, in drip.
    pub async fn balance(&self, space: SenderSpace, of: [u8; 20]) -> Result<u128> {
        let (method, params) = match space {
            SenderSpace::Core => ("cfx_getBalance", json!([self.text(space, of)])),
            SenderSpace::ESpace => ("eth_getBalance", json!([self.text(space, of), "latest"])),
        };
        parse_amount(method, &self.rpc(space).call(method, params).await?)
    }

    fn rpc(&self, space: SenderSpace) -> &RpcClient {
        match space {
            SenderSpace::Core => &self.core,
            SenderSpace::ESpace => &self.espace,
        }
    }

    /// Returns an address as the RPC of a space wants it.
    fn text(&self, space: SenderSpace, bytes: [u8; 20]) -> String {
        match space {
            SenderSpace::Core => CoreAddress::new(bytes, self.chain_id).to_string(),
            SenderSpace::ESpace => format!("0x{}", encode_hex(&bytes)),
        }
    }

    fn request(&self, space: SenderSpace, draft: &DevnetTransaction) -> Value {
        let from = match space {
            SenderSpace::Core => self.core_address,
            SenderSpace::ESpace => self.espace_address,
        };
        let mut request = json!({
            "from": self.text(space, from),
            "value": format!("{:#x}", draft.value),
            "data": format!("0x{}", encode_hex(&draft.data)),
        });
        if let Some(to) = draft.to {
            request["to"] = json!(self.text(space, to));
        }
        request
    }

    async fn core_terms(&self, draft: &DevnetTransaction) -> Result<Terms> {
        let own = json!([self.text(SenderSpace::Core, self.core_address)]);
        let request = json!([self.request(SenderSpace::Core, draft)]);
        let estimate = self
            .core
            .call("cfx_estimateGasAndCollateral", request)
            .await?;
        Ok(Terms {
            nonce: parse_quantity(
                "cfx_getNextNonce",
                &self.core.call("cfx_getNextNonce", own).await?,
            )?,
            gas: parse_quantity("gasLimit", &estimate["gasLimit"])?,
            storage: parse_quantity("storageCollateralized", &estimate["storageCollateralized"])?
                + STORAGE_ROOM,
            price: parse_amount(
                "cfx_gasPrice",
                &self.core.call("cfx_gasPrice", json!([])).await?,
            )?,
            epoch: self.core.epoch_number().await?,
        })
    }

    async fn espace_terms(&self, draft: &DevnetTransaction) -> Result<Terms> {
        let ask = async |method: &str, params: Value| {
            parse_amount(method, &self.espace.call(method, params).await?)
        };
        let own = self.text(SenderSpace::ESpace, self.espace_address);
        let request = self.request(SenderSpace::ESpace, draft);
        let nonce = ask("eth_getTransactionCount", json!([own, "pending"])).await?;
        let gas = ask("eth_estimateGas", json!([request])).await?;
        let fits = |number: u128| {
            u64::try_from(number).map_err(|err| DevnetError::malformed("a number of eSpace", err))
        };
        Ok(Terms {
            nonce: fits(nonce)?,
            gas: fits(gas)?,
            storage: 0,
            price: ask("eth_gasPrice", json!([])).await?,
            epoch: 0,
        })
    }

    /// `rlp([[fields], recovery, r, s])`, over the hash of the fields' list.
    fn sign_core(&self, draft: &DevnetTransaction, terms: &Terms) -> Result<Vec<u8>> {
        let mut fields = RlpStream::new_list(9);
        fields.append(&terms.nonce).append(&terms.price);
        fields.append(&terms.gas);
        append_receiver(&mut fields, draft.to);
        fields.append(&draft.value).append(&terms.storage);
        fields.append(&terms.epoch).append(&self.chain_id);
        fields.append(&draft.data);
        let fields = fields.out();
        let mut signed = RlpStream::new_list(4);
        signed.append_raw(&fields, 1);
        self.append_signature(&mut signed, keccak256(&fields))?;
        Ok(signed.out().to_vec())
    }

    /// `2` and `rlp([fields, recovery, r, s])`, over the hash of `2` and the list without the signature.
    fn sign_espace(&self, draft: &DevnetTransaction, terms: &Terms) -> Result<Vec<u8>> {
        let list = |length| {
            let mut list = RlpStream::new_list(length);
            list.append(&self.evm_chain_id).append(&terms.nonce);
            // The miner gets nothing extra; twice the price leaves room for a rising base fee.
            list.append(&0_u8).append(&(2 * terms.price));
            list.append(&terms.gas);
            append_receiver(&mut list, draft.to);
            list.append(&draft.value).append(&draft.data);
            list.begin_list(0);
            list
        };
        let digest = keccak256([&[2], &list(9).out()[..]].concat());
        let mut signed = list(12);
        self.append_signature(&mut signed, digest)?;
        Ok([&[2], &signed.out()[..]].concat())
    }

    fn append_signature(&self, list: &mut RlpStream, digest: [u8; 32]) -> Result<()> {
        let (signature, recovery) = self
            .key
            .sign_prehash_recoverable(&digest)
            .map_err(|err| DevnetError::malformed("a digest", err))?;
        list.append(&recovery.to_byte());
        for number in [signature.r().to_bytes(), signature.s().to_bytes()] {
            // Numbers have no leading zeros.
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            list.append(&&number[zeros..]);
        }
        Ok(())
    }

    async fn receipt(
        &self,
        space: SenderSpace,
        hash: String,
        terms: &Terms,
    ) -> Result<DevnetReceipt> {
        let method = match space {
            SenderSpace::Core => "cfx_getTransactionReceipt",
            SenderSpace::ESpace => "eth_getTransactionReceipt",
        };
        let end = Instant::now() + LIMIT;
        loop {
            let answer = self.rpc(space).call(method, json!([hash])).await?;
            if !answer.is_null() {
                return read_receipt(space, hash, &answer, terms);
            }
            if Instant::now() > end {
                return Err(DevnetError::Timeout {
                    what: format!("execution of transaction {hash}"),
                    seconds: LIMIT.as_secs(),
                    last: "no receipt".to_owned(),
                });
            }
            sleep(POLL).await;
        }
    }
}

fn read_receipt(
    space: SenderSpace,
    hash: String,
    answer: &Value,
    terms: &Terms,
) -> Result<DevnetReceipt> {
    let (outcome, good, created) = match space {
        SenderSpace::Core => ("outcomeStatus", 0, "contractCreated"),
        SenderSpace::ESpace => ("status", 1, "contractAddress"),
    };
    if parse_quantity(outcome, &answer[outcome])? != good {
        return Err(DevnetError::Failed {
            hash,
            detail: answer["txExecErrorMsg"].to_string(),
        });
    }
    let created = answer[created].as_str().map(|text| match space {
        SenderSpace::Core => text
            .parse::<CoreAddress>()
            .map(|address| address.bytes())
            .map_err(|err| DevnetError::malformed("contractCreated", err)),
        SenderSpace::ESpace => address(text),
    });
    let storage = &answer["storageCollateralized"];
    Ok(DevnetReceipt {
        hash,
        created: created.transpose()?,
        gas_limit: terms.gas,
        gas_used: parse_quantity("gasUsed", &answer["gasUsed"])?,
        storage_limit: terms.storage,
        storage_used: if storage.is_null() {
            0
        } else {
            parse_quantity("storageCollateralized", storage)?
        },
    })
}

fn append_receiver(list: &mut RlpStream, to: Option<[u8; 20]>) {
    match to {
        Some(bytes) => list.append(&bytes.as_slice()),
        None => list.append_empty_data(),
    };
}

/// Returns the eSpace address that a Core account acts through.
#[must_use]
pub fn map_address(core: [u8; 20]) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&keccak256(core)[12..]);
    bytes
}

/// Returns the address of one of the chain's own contracts.
const fn internal(number: u8) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[0] = 0x08;
    bytes[1] = 0x88;
    bytes[19] = number;
    bytes
}

fn address(text: &str) -> Result<[u8; 20]> {
    decode_hex("an address", text)?
        .try_into()
        .map_err(|_| DevnetError::malformed(format!("address `{text}`"), "it has not 20 bytes"))
}

#[cfg(test)]
mod tests {
    use ethers_core::types::{
        Eip1559TransactionRequest, Signature, transaction::eip2718::TypedTransaction,
    };

    use super::*;

    fn sender(chain_id: u32) -> DevnetSender {
        let digits = "0123456789abcdef".repeat(4);
        let rpc = || RpcClient::new("http://127.0.0.1:1").unwrap();
        DevnetSender {
            key: SigningKey::from_slice(&decode_hex("key", &digits).unwrap()).unwrap(),
            core: rpc(),
            espace: rpc(),
            chain_id,
            evm_chain_id: 1235,
            core_address: [0; 20],
            espace_address: [0; 20],
        }
    }

    fn draft(data: &[u8]) -> DevnetTransaction {
        let to = decode_hex("to", "0123456789012345678901234567890123456789").unwrap();
        DevnetTransaction {
            to: Some(to.try_into().unwrap()),
            value: 0,
            data: data.to_vec(),
        }
    }

    fn terms(price: u128) -> Terms {
        Terms {
            nonce: 0,
            gas: 21_000,
            storage: 0,
            price,
            epoch: 0,
        }
    }

    /// The hash is that of js-conflux-sdk's own tests (`test/transaction.test.js`).
    #[test]
    fn core_transactions_are_those_of_another_tool() {
        let raw = sender(1).sign_core(&draft(&[]), &terms(1)).unwrap();
        assert_eq!(
            encode_hex(&keccak256(raw)),
            "9e463f32428c7c4026575d132e8c4e5d6fe387322fce5234103e52f4ab39b053"
        );
    }

    #[test]
    fn espace_transactions_are_those_of_another_tool() {
        let (sender, draft, terms) = (sender(1234), draft(&[1, 2]), terms(7));
        let theirs = Eip1559TransactionRequest::new()
            .chain_id(1235)
            .nonce(terms.nonce)
            .gas(terms.gas)
            .to(ethers_core::types::Address::from(draft.to.unwrap()))
            .value(draft.value)
            .data(draft.data.clone())
            .max_priority_fee_per_gas(0)
            .max_fee_per_gas(2 * terms.price);
        let theirs = TypedTransaction::Eip1559(theirs);
        let (signature, recovery) = sender
            .key
            .sign_prehash_recoverable(theirs.sighash().as_bytes())
            .unwrap();
        let signed = theirs.rlp_signed(&Signature {
            r: ethers_core::types::U256::from_big_endian(&signature.r().to_bytes()),
            s: ethers_core::types::U256::from_big_endian(&signature.s().to_bytes()),
            v: u64::from(recovery.to_byte()),
        });
        let raw = sender.sign_espace(&draft, &terms).unwrap();
        assert_eq!(encode_hex(&raw), encode_hex(&signed));
    }

    #[test]
    fn a_failed_transaction_is_an_error() {
        let answer = |status: &str| json!({ "status": status, "gasUsed": "0x1" });
        let read = |status| {
            read_receipt(
                SenderSpace::ESpace,
                "0x".to_owned(),
                &answer(status),
                &terms(1),
            )
        };
        assert!(read("0x1").is_ok());
        assert!(read("0x0").is_err());
    }
}
