//! Who is connected. When all places are taken, the client that holds most of them gives up its oldest: slow readers of one
//! client never keep another one out.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Connections that are open.
#[derive(Debug)]
pub(crate) struct Clients {
    places: usize,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next: u64,
    /// By client, the oldest first.
    by_client: BTreeMap<IpAddr, BTreeMap<u64, AbortHandle>>,
}

impl Clients {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            open: Mutex::default(),
        })
    }

    /// Lets a connection run, at the cost of another one if there is no place.
    pub(crate) fn run(
        self: &Arc<Self>,
        address: IpAddr,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let client = client(address);
        let mut open = self.lock();
        if open.count() >= self.places {
            open.give_up_one();
        }
        let number = open.next;
        open.next += 1;
        let place = ConnectionSlot {
            clients: Arc::clone(self),
            client,
            number,
        };
        // It cannot leave before it is in the table: leaving needs the lock.
        let task = tokio::spawn(async move {
            connection.await;
            drop(place);
        });
        let connections = open.by_client.entry(client).or_default();
        connections.insert(number, task.abort_handle());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().by_client.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        // A panic elsewhere leaves nothing half-written here.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    fn count(&self) -> usize {
        self.by_client.values().map(BTreeMap::len).sum()
    }

    fn give_up_one(&mut self) {
        let most = self.by_client.iter().max_by_key(|(_, open)| open.len());
        let Some((client, oldest)) =
            most.and_then(|(client, open)| Some((*client, *open.keys().next()?)))
        else {
            return;
        };
        if let Some(task) = self.remove(client, oldest) {
            task.abort();
        }
    }

    fn remove(&mut self, client: IpAddr, number: u64) -> Option<AbortHandle> {
        let connections = self.by_client.get_mut(&client)?;
        let task = connections.remove(&number)?;
        if connections.is_empty() {
            self.by_client.remove(&client);
        }
        Some(task)
    }
}

/// A connection's place, given back at its end.
#[derive(Debug)]
struct ConnectionSlot {
    clients: Arc<Clients>,
    client: IpAddr,
    number: u64,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.clients.lock().remove(self.client, self.number);
    }
}

/// Who counts as one client: whoever has one IPv6 address has its whole /64.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) => {
            let network = u128::from(it) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn who_holds_most_gives_up_its_oldest() {
        let clients = Clients::new(4);
        let served = Arc::new(AtomicUsize::new(0));
        let greedy: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let endless = || std::future::pending::<()>();
        for _ in 0..9 {
            clients.run(greedy, endless());
        }
        clients.run(other, endless());
        assert_eq!(held(&clients), [(greedy, 3, 6), (other, 1, 9)]);
        // One that ends gives its place back.
        let count = Arc::clone(&served);
        clients.run(other, async move {
            count.fetch_add(1, Ordering::SeqCst);
        });
        while served.load(Ordering::SeqCst) == 0 || held(&clients)[1].1 > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(held(&clients), [(greedy, 2, 7), (other, 1, 9)]);
        assert!(!clients.is_empty());
    }

    /// Clients with how many places they hold, and the number of their oldest.
    fn held(clients: &Clients) -> Vec<(IpAddr, usize, u64)> {
        let open = clients.lock();
        let of = |(client, open): (&IpAddr, &BTreeMap<u64, AbortHandle>)| {
            (*client, open.len(), *open.keys().next().unwrap())
        };
        open.by_client.iter().map(of).collect()
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let of = |text: &str| client(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
