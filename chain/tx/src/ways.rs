//! The endpoints of one transaction in flight: who is looked through, and who is handed the bytes.
//!
//! - Reads: looks and answers of each endpoint alone.
//! - Returns: the look that counts, with what the other endpoints say of it; the answers to handed-in bytes.
//! - Never: decides what follows, and never lets a node of another chain have a word.

use futures_util::future::join_all;
use pospool_conflux::Space;
use pospool_conflux_rpc::{CountingTransport, Refusal, Rpc, RpcError, Sent};

use crate::answer::{demanded_price, is_certain, read_answer};
use crate::flight::{self, Answer, Endpoints};
use crate::look::{Blind, Closeness, TransactionLook, look_once, view_of};
use crate::signed::SignedWork;

/// All endpoints of one transaction.
pub(crate) struct EndpointPool {
    space: Space,
    all: Vec<PooledEndpoint>,
    /// The one that is looked through: the last that answered, or had the most to say.
    first: usize,
}

struct PooledEndpoint {
    rpc: Rpc,
    /// It showed another genesis.
    foreign: bool,
}

/// A look and what the other endpoints say of it.
pub(crate) struct SeenTransaction {
    pub(crate) look: TransactionLook,
    pub(crate) endpoints: Endpoints,
}

/// An endpoint's answer to handed-in bytes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    /// The endpoint's name and words.
    pub(crate) what: String,
    /// The price that it asks for instead.
    pub(crate) demanded: Option<u128>,
}

/// What came of handing bytes in.
#[derive(Debug)]
pub(crate) enum Handed {
    /// An endpoint may have them: no answer came.
    Lost,
    /// All answers; only the last one can have taken them.
    Answered(Vec<Reply>),
}

impl EndpointPool {
    /// Prepares the endpoints of a transaction.
    pub(crate) fn over(link: &CountingTransport, signed: &SignedWork) -> Result<Self, RpcError> {
        let each = Rpc::over(link, &signed.chain.endpoints)?.each();
        let way = |rpc| PooledEndpoint {
            rpc,
            foreign: false,
        };
        let ways = each.into_iter().map(way).collect();
        Ok(Self {
            space: signed.space(),
            all: ways,
            first: 0,
        })
    }

    /// Looks briefly through the first endpoint that answers.
    pub(crate) async fn look(&mut self, signed: &SignedWork) -> Result<SeenTransaction, LookError> {
        let mut tried = Vec::new();
        for index in self.order() {
            match look_once(&self.all[index].rpc, signed, Closeness::Brief).await {
                Ok(look) => {
                    self.first = index;
                    let endpoints = Endpoints::Unasked;
                    return Ok(SeenTransaction { look, endpoints });
                }
                Err(blind) => self.blind(index, blind, &mut tried),
            }
        }
        Err(self.trouble(tried))
    }

    /// Looks closely through all endpoints at once. One that gives no answer is left out, and so is one that refused
    /// lately, as long as there is another: it would be waited for.
    pub(crate) async fn look_everywhere(
        &mut self,
        signed: &SignedWork,
    ) -> Result<SeenTransaction, LookError> {
        let mut order = self.order();
        let awake = order.partition_point(|index| !self.all[*index].rpc.rests());
        if awake > 0 {
            order.truncate(awake);
        }
        let looks = order
            .iter()
            .map(|index| look_once(&self.all[*index].rpc, signed, Closeness::Close));
        let results = join_all(looks).await;
        let (mut tried, mut indices, mut looks) = (Vec::new(), Vec::new(), Vec::new());
        for (index, result) in order.into_iter().zip(results) {
            match result {
                Ok(look) => {
                    indices.push(index);
                    looks.push(look);
                }
                Err(blind) => self.blind(index, blind, &mut tried),
            }
        }
        let sights: Vec<_> = looks.iter().map(|look| look.sight.clone()).collect();
        match flight::best_sight(&sights, view_of(signed)) {
            Some((best, endpoints)) => {
                self.first = indices[best];
                let look = looks.swap_remove(best);
                Ok(SeenTransaction { look, endpoints })
            }
            None => Err(self.trouble(tried)),
        }
    }

    /// Hands bytes in, to one endpoint after the other until one takes them.
    pub(crate) async fn hand_in(&self, raw: &str) -> Handed {
        let mut replies = Vec::new();
        for index in self.order() {
            let rpc = &self.all[index].rpc;
            let reply = match rpc.send_raw(self.space, raw).await {
                Sent::Accepted => Reply {
                    answer: Answer::Taken,
                    what: rpc.names(),
                    demanded: None,
                },
                Sent::Refused(refusal) if is_certain(&refusal) => refused(rpc, &refusal),
                Sent::Nowhere(why) => Reply {
                    answer: Answer::Busy,
                    what: format!("{} ({why})", rpc.names()),
                    demanded: None,
                },
                Sent::Refused(_) | Sent::Unknown => return Handed::Lost,
            };
            let taken = reply.answer == Answer::Taken;
            replies.push(reply);
            if taken {
                break;
            }
        }
        Handed::Answered(replies)
    }

    /// Names the endpoints that are on another chain, if any.
    pub(crate) fn foreign(&self) -> Option<String> {
        let foreign = self.all.iter().filter(|way| way.foreign);
        let names: Vec<_> = foreign.map(|way| way.rpc.names()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Endpoints of this chain: the first one first, and those that refused lately last.
    fn order(&self) -> Vec<usize> {
        let all = (self.first..self.all.len()).chain(0..self.first);
        let mut order: Vec<usize> = all.filter(|index| !self.all[*index].foreign).collect();
        order.sort_by_key(|index| self.all[*index].rpc.rests());
        order
    }

    fn blind(&mut self, index: usize, blind: Blind, tried: &mut Vec<String>) {
        match blind {
            Blind::OtherChain => self.all[index].foreign = true,
            Blind::Silent(RpcError::Unreachable { tried: mut more }) => tried.append(&mut more),
            Blind::Silent(error) => {
                tried.push(format!("{} ({error})", self.all[index].rpc.names()));
            }
        }
    }

    fn trouble(&self, tried: Vec<String>) -> LookError {
        if self.all.iter().all(|way| way.foreign) {
            LookError::OtherChain
        } else {
            LookError::Silent(RpcError::Unreachable { tried })
        }
    }
}

/// Why nothing was seen.
#[derive(Debug)]
pub(crate) enum LookError {
    /// All endpoints are on another chain.
    OtherChain,
    /// For now.
    Silent(RpcError),
}

fn refused(rpc: &Rpc, refusal: &Refusal) -> Reply {
    Reply {
        answer: read_answer(refusal),
        what: format!("{} answers: {refusal}", rpc.names()),
        demanded: demanded_price(refusal),
    }
}
