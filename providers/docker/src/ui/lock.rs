//! The hashes in a page's lock file.
//!
//! - Reads: a `package-lock.json` of any version, or a `yarn.lock` of version 1.
//! - Returns: a package that is pinned by SHA-1 alone, if there is one.
//! - Never: judges what is no hash of the lock: npm and yarn themselves refuse a lock that they cannot read.

use serde_json::Value as Json;

/// The two lock files that a build can start from, in the order in which they are looked for.
pub(crate) const LOCKS: [&str; 2] = ["package-lock.json", "yarn.lock"];
/// Most characters of a package's name in a message.
const LONGEST: usize = 100;

/// Two packages with one SHA-1 can be made, so such a hash does not say which one is built into the page.
pub(crate) fn find_weak_package(lock: &[u8]) -> Option<String> {
    let found = match serde_json::from_slice::<Json>(lock) {
        Ok(lock) => weak_in_npm(&lock),
        Err(_) => weak_in_yarn(&String::from_utf8_lossy(lock)),
    };
    found.map(|name| name.chars().take(LONGEST).collect())
}

/// `sha1-… sha512-…`: npm and yarn take the strongest one.
fn is_weak(integrity: &str) -> bool {
    let mut hashes = integrity.split_whitespace();
    let strong = ["sha256-", "sha384-", "sha512-"];
    let is_strong = |hash: &str| strong.iter().any(|kind| hash.starts_with(kind));
    integrity.contains('-') && !hashes.any(is_strong)
}

/// Entries lie in `packages`, and in older locks in `dependencies`, one inside of another.
fn weak_in_npm(lock: &Json) -> Option<String> {
    let entries = ["packages", "dependencies"]
        .into_iter()
        .filter_map(|part| lock.get(part)?.as_object());
    for (name, entry) in entries.flatten() {
        let integrity = entry.get("integrity").and_then(Json::as_str);
        if integrity.is_some_and(is_weak) {
            return Some(name.clone());
        }
        let inner = weak_in_npm(entry);
        if inner.is_some() {
            return inner;
        }
    }
    None
}

/// Entries are a line of names, and lines below it. Where there is no `integrity`, yarn goes by the SHA-1 after the URL.
fn weak_in_yarn(lock: &str) -> Option<String> {
    let mut entries: Vec<YarnEntry<'_>> = Vec::new();
    for line in lock.lines() {
        let names = !line.starts_with([' ', '#']) && !line.trim().is_empty();
        if names {
            let names = line.trim_end().trim_end_matches(':');
            entries.push(YarnEntry {
                names,
                ..YarnEntry::default()
            });
        } else if let Some(entry) = entries.last_mut() {
            match line.trim().split_once(' ') {
                Some(("integrity", hash)) => entry.integrity = Some(hash.trim_matches('"')),
                Some(("resolved", url)) => entry.resolved = url.trim_matches('"'),
                _ => {}
            }
        }
    }
    let weak = entries.into_iter().find(YarnEntry::is_weak)?;
    Some(weak.names.to_owned())
}

#[derive(Default)]
struct YarnEntry<'a> {
    names: &'a str,
    integrity: Option<&'a str>,
    resolved: &'a str,
}

impl YarnEntry<'_> {
    fn is_weak(&self) -> bool {
        match (self.integrity, self.resolved.rsplit_once('#')) {
            (Some(integrity), _) => is_weak(integrity),
            // A commit of git has the same form, and is checked by git itself.
            (None, Some((url, hash))) => {
                !url.starts_with("git")
                    && url.strip_suffix(".git").is_none()
                    && hash.len() == 40
                    && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WEAK: &str = "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const STRONG: &str = "sha512-x";

    fn npm(lock: &Json) -> Option<String> {
        find_weak_package(lock.to_string().as_bytes())
    }

    #[test]
    fn case_weak_hash_one_package_of_an_npm_lock_is_enough() {
        let both = format!("{WEAK} {STRONG}");
        let good = json!({ "": { "name": "page" }, "node_modules/a": { "integrity": STRONG },
            "node_modules/b": { "integrity": both }, "node_modules/link": { "link": true } });
        assert_eq!(
            npm(&json!({ "lockfileVersion": 3, "packages": good })),
            None
        );
        let mut bad = good.clone();
        bad["node_modules/a/node_modules/c"] = json!({ "integrity": WEAK });
        let found = npm(&json!({ "lockfileVersion": 3, "packages": bad }));
        assert_eq!(found.as_deref(), Some("node_modules/a/node_modules/c"));
        let old = json!({ "lockfileVersion": 1, "dependencies": {
            "a": { "integrity": STRONG, "dependencies": { "c": { "integrity": WEAK } } } } });
        assert_eq!(npm(&old).as_deref(), Some("c"));
    }

    #[test]
    fn case_weak_hash_one_package_of_a_yarn_lock_is_enough() {
        let url = "https://registry.example/a/-/a-1.0.0.tgz";
        let sha1 = "0123456789abcdef0123456789abcdef01234567";
        let entry = |rest: &str| {
            let text = format!(
                "# yarn lockfile v1\n\n\n\"@s/a@^1\", \"@s/a@1\":\n  version \"1.0.0\"\n{rest}\nb@1:\n"
            );
            find_weak_package(text.as_bytes())
        };
        let weak = Some("\"@s/a@^1\", \"@s/a@1\"".to_owned());
        assert_eq!(
            entry(&format!(
                "  resolved \"{url}#{sha1}\"\n  integrity {STRONG}\n"
            )),
            None
        );
        assert_eq!(
            entry(&format!(
                "  resolved \"{url}#{sha1}\"\n  integrity {WEAK}\n"
            )),
            weak
        );
        assert_eq!(entry(&format!("  resolved \"{url}#{sha1}\"\n")), weak);
        assert_eq!(
            entry(&format!(
                "  resolved \"git+https://x.example/a.git#{sha1}\"\n"
            )),
            None
        );
        assert_eq!(
            entry(&format!("  resolved \"https://x.example/a.git#{sha1}\"\n")),
            None
        );
        assert_eq!(entry(""), None);
    }
}
