//! Documents that nobody but a stranger would put in the place of a state: numbers at their end, and bytes without one.

use pospool_tests::s3::S3;
use pospool_tests::state_server::{Manner, StateServer};
use serde_json::{Value as Json, json};

use super::{Desk, Environment, http};

/// More than is read of a document, 64 MB.
const TOO_MUCH: usize = (64 << 20) + 1;

/// A backend whose document somebody else replaces.
struct Replaced<'a> {
    place: &'a str,
    environment: Environment,
    put: &'a dyn Fn(&[u8]),
}

impl Replaced<'_> {
    fn refuses_what_nobody_writes(&self) {
        let desk = Desk::new(self.place, self.environment.clone());
        let good = |number: u64| {
            let holder =
                json!({"pid": 1, "host": "elsewhere", "command": "apply", "since": number});
            let lease = json!({"id": "l", "seconds": 60, "holder": holder, "machine": null, "started": null});
            json!({"format": "pospool-remote", "version": 1, "serial": 1, "generation": 1, "lease": lease,
                "snapshot": null, "journal": null})
        };
        for part in ["serial", "generation", "lease.seconds"] {
            let mut document: Json = good(1);
            let pointer = format!("/{}", part.replace('.', "/"));
            *document.pointer_mut(&pointer).unwrap() = u64::MAX.into();
            (self.put)(document.to_string().as_bytes());
            self.refused(&desk, &format!("is damaged at `{part}`"));
        }
        (self.put)(&vec![b' '; TOO_MUCH]);
        self.refused(&desk, "it is larger than 67108864 bytes");
        // A time of the holder that never was does no harm.
        (self.put)(good(u64::MAX).to_string().as_bytes());
        assert_eq!(desk.run("show").exit, 0);
    }

    fn refused(&self, desk: &Desk, why: &str) {
        for line in ["show", "plan", "apply --auto-approve"] {
            let ran = desk.run(line);
            // 101 is a panic.
            assert!((1..=9).contains(&ran.exit), "{line}: {ran:?}");
            assert!(ran.err.contains(why), "{line}: {ran:?}");
            assert!(ran.err.contains(self.place), "{line}: {ran:?}");
        }
    }
}

#[test]
fn case_remote_overflow_on_s3_is_refused() {
    let s3 = S3::shared();
    let place = s3.place();
    let target = format!("/{}", place.strip_prefix("s3://").unwrap());
    let replaced = Replaced {
        place: &place,
        environment: s3.environment(),
        put: &|bytes| assert_eq!(s3.ask("PUT", &target, &[], bytes), 200),
    };
    replaced.refuses_what_nobody_writes();
}

#[test]
fn case_remote_overflow_over_http_is_refused() {
    let server = StateServer::start(Manner::Plain);
    let replaced = Replaced {
        place: server.url(),
        environment: http(),
        put: &|bytes| server.replace_document(bytes),
    };
    replaced.refuses_what_nobody_writes();
}
