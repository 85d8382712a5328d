//! The endpoints of a syncer, and how those with a key get into its container.
//!
//! - Reads: what the current spec wants; shown forms of plans, labels and tickets.
//! - Returns: what the spec inside the image says of each endpoint, and the lines for the container's standard input.
//! - Never: takes a whole URL from a plan, a ticket or a label.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pospool_model::endpoint::is_shown_form;
use pospool_model::{Address, Attributes, Endpoint, ProviderError, Secret, Value};

use crate::codes;
use crate::node::schema::NodeSpec;
use crate::syncer::schema::SyncerSpec;
use crate::workload::spec::ContainerSpec;

/// The attribute that names them.
pub(crate) const CORE_RPC: &str = "core_rpc";
/// The line of standard input with the first of them; the one before is the private key.
const FIRST_LINE: usize = 2;

/// What endpoints are taken from, as the current spec wants it: syncers, nodes and chains.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentEndpoints(Arc<Mutex<BTreeMap<Address, Attributes>>>);

impl CurrentEndpoints {
    /// Hears what the spec wants now.
    pub(crate) fn configure(&self, wanted: &BTreeMap<Address, Attributes>) {
        let named = |address: &Address| ["syncer", "node", "chain"].contains(&address.kind());
        let those = wanted.iter().filter(|(address, _)| named(address));
        let those = those.map(|(address, wanted)| (address.clone(), wanted.clone()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = those.collect();
    }

    /// The sources that a node's guard asks beside its node, whole, each as one line: its own, or those of its chain. One
    /// that cannot be read is left out: a node is started with nothing but its own secret.
    pub(crate) fn sources(&self, spec: &ContainerSpec) -> Vec<Secret> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = NodeSpec::read(&spec.attributes).chain.known();
        let chain = chain.and_then(|chain| current.get(chain));
        let whole = |value: &Value| match value {
            Value::Text(text) if !is_keyed(value) => Some(Secret::new(text.clone())),
            Value::Endpoint(endpoint) => line(endpoint).ok(),
            _ => None,
        };
        let list = own_or_of_chain(current.get(&spec.address), chain);
        list.iter().filter_map(whole).collect()
    }

    /// The endpoints with a key of a syncer, whole, each as one line.
    pub(super) fn lines(&self, spec: &ContainerSpec) -> Result<Vec<Secret>, ProviderError> {
        let planned = spec.attributes.get(CORE_RPC).and_then(Value::as_list);
        let planned = planned.unwrap_or_default();
        if planned.iter().any(is_whole) {
            let what = format!(
                "what was planned for {} is of an earlier version, which wrote whole URLs; plan again",
                spec.address
            );
            return Err(ProviderError::refused(codes::OTHER_ENDPOINTS, what));
        }
        if !planned.iter().any(is_keyed) {
            return Ok(Vec::new());
        }
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = current.get(&spec.address).and_then(|it| it.get(CORE_RPC));
        let wanted = wanted.and_then(Value::as_list).unwrap_or_default();
        if wanted != planned {
            let what = format!(
                "the spec names other endpoints for {} than when this was planned; plan again",
                spec.address
            );
            return Err(ProviderError::refused(codes::OTHER_ENDPOINTS, what));
        }
        let keyed = wanted.iter().filter_map(|value| match value {
            Value::Endpoint(endpoint) => Some(line(endpoint)),
            _ => None,
        });
        keyed.collect()
    }
}

/// The endpoints of an object, or else those of its chain.
pub(crate) fn own_or_of_chain<'a>(
    own: Option<&'a Attributes>,
    chain: Option<&'a Attributes>,
) -> &'a [Value] {
    let list = |of: Option<&'a Attributes>| of?.get(CORE_RPC)?.as_list();
    list(own).or_else(|| list(chain)).unwrap_or_default()
}

fn line(endpoint: &Endpoint) -> Result<Secret, ProviderError> {
    let url = endpoint.url().map_err(|error| ProviderError::Refused {
        code: codes::NO_SECRET,
        what: format!("the endpoint `{endpoint}` of the syncer cannot be used"),
        source: Some(Box::new(error)),
    })?;
    Ok(Secret::new(url.into()))
}

/// A syncer without endpoints of its own asks those of its chain, and is another one when those change.
pub(crate) fn inherit_endpoints(
    attributes: &mut Attributes,
    wanted: &BTreeMap<Address, Attributes>,
) {
    let own = attributes.get(CORE_RPC);
    if own.is_some_and(|own| *own != Value::Null) {
        return;
    }
    let chain = SyncerSpec::read(attributes).chain.known();
    let theirs = chain.and_then(|chain| wanted.get(chain)?.get(CORE_RPC));
    if let Some(list @ Value::List(_)) = theirs.cloned() {
        attributes.insert(CORE_RPC.to_owned(), list);
    }
}

/// Whether an endpoint, itself or its shown form, has a key.
pub(crate) fn is_keyed(value: &Value) -> bool {
    match value {
        Value::Endpoint(_) | Value::Secret(_) => true,
        Value::Text(text) => is_shown_form(text),
        _ => false,
    }
}

/// Whether it is a whole URL with a key, as an earlier version wrote them.
fn is_whole(value: &Value) -> bool {
    let text = value.as_text();
    text.is_some_and(|text| Endpoint::parse(text).is_ok_and(|endpoint| endpoint.is_secret()))
}

/// Labels of an earlier version hold whole URLs; what leaves this crate does not.
pub(super) fn hide_endpoint_keys(attributes: &mut Attributes) {
    if let Some(Value::List(list)) = attributes.get_mut(CORE_RPC) {
        for value in list.iter_mut().filter(|value| is_whole(value)) {
            let endpoint = value.as_text().map(Endpoint::parse);
            if let Some(Ok(endpoint)) = endpoint {
                *value = endpoint.shown().into_owned().into();
            }
        }
    }
}

/// The endpoints as the spec inside the image names them.
pub(super) fn endpoint_expressions(list: &[Value], quoted: impl Fn(&str) -> String) -> Vec<String> {
    let mut line = FIRST_LINE;
    let each = list.iter().map(|value| match value.as_text() {
        Some(text) if !is_keyed(value) => quoted(text),
        _ => {
            line += 1;
            format!("file(\"/dev/stdin/{}\")", line - 1)
        }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::super::container::tests as container_tests;
    use super::super::wish::tests::attributes;
    use super::*;

    const KEYED: &str = "https://me:hunter2@rpc.example/hunter3?k=hunter4";

    fn spec(rpc: Value) -> ContainerSpec {
        ContainerSpec {
            attributes: attributes(&[(CORE_RPC, rpc)]),
            ..container_tests::spec()
        }
    }

    fn two() -> Value {
        Value::List(vec![KEYED.into(), "https://main.confluxrpc.com".into()])
    }

    /// As it comes back from a plan or a ticket.
    fn written(spec: &ContainerSpec) -> (String, ContainerSpec) {
        let text = serde_json::to_string(spec).unwrap();
        let read = serde_json::from_str(&text).unwrap();
        (text, read)
    }

    #[test]
    fn case_key_in_url_a_container_gets_its_endpoints_from_the_current_spec() {
        let (text, planned) = written(&spec(two()));
        assert!(!text.contains("hunter"), "{text}");
        let workload = crate::kinds::workload_of(&planned).unwrap();
        let body = crate::workload::body::create_request(&planned, &workload);
        let labels = format!("{:?} {body:?}", planned.labels());
        assert!(!labels.contains("hunter"), "{labels}");
        let current = CurrentEndpoints::default();
        let error = current.lines(&planned).unwrap_err();
        assert_eq!(error.code(), "docker/other-endpoints");
        let configure = |rpc: Value| {
            let wanted = attributes(&[(CORE_RPC, rpc)]);
            current.configure(&[("syncer.main".parse().unwrap(), wanted)].into());
        };
        configure(two());
        let lines = current.lines(&planned).unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].expose(), KEYED);
        configure(KEYED.replace("hunter2", "another").as_str().into());
        let error = current.lines(&planned).unwrap_err();
        assert_eq!(error.code(), "docker/other-endpoints");
        assert!(!error.to_string().contains("another"), "{error}");
    }

    #[test]
    fn endpoints_without_a_key_need_no_spec() {
        let (_, planned) = written(&spec("https://rpc.example".into()));
        assert!(
            CurrentEndpoints::default()
                .lines(&planned)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_an_earlier_version_wrote_is_not_used() {
        let mut old = spec(two());
        let whole = Value::List(vec![KEYED.into()]);
        old.attributes.insert(CORE_RPC.to_owned(), whole);
        let error = CurrentEndpoints::default().lines(&old).unwrap_err();
        assert_eq!(error.code(), "docker/other-endpoints");
        hide_endpoint_keys(&mut old.attributes);
        let text = serde_json::to_string(&old.attributes).unwrap();
        assert!(
            text.contains("https://rpc.example#") && !text.contains("hunter"),
            "{text}"
        );
    }

    #[test]
    fn the_chain_s_endpoints_are_taken_over_and_their_change_is_one() {
        let wanted = |list: Value| {
            let chain = Attributes::from([(CORE_RPC.to_owned(), list)]);
            let mut own = attributes(&[]);
            inherit_endpoints(&mut own, &[("chain.net".parse().unwrap(), chain)].into());
            own.get(CORE_RPC).cloned()
        };
        let list = |key: &str| {
            let endpoint = Endpoint::parse(&format!("https://rpc.example/{key}")).unwrap();
            Value::List(vec![endpoint.into()])
        };
        assert_eq!(wanted(list("one")), Some(list("one")));
        assert_ne!(wanted(list("one")), wanted(list("two")));
        let mut own = attributes(&[(CORE_RPC, "https://own.example".into())]);
        inherit_endpoints(
            &mut own,
            &[("chain.net".parse().unwrap(), Attributes::new())].into(),
        );
        assert_eq!(
            own[CORE_RPC],
            Value::List(vec!["https://own.example".into()])
        );
    }

    #[test]
    fn the_image_names_lines_of_standard_input() {
        let shown = Endpoint::parse(KEYED).unwrap().to_string();
        let list = [
            Value::from(shown),
            "https://a.example".into(),
            Value::Secret("env:RPC".to_owned().try_into().unwrap()),
        ];
        let found = endpoint_expressions(&list, |text| format!("{text:?}"));
        assert_eq!(
            found,
            [
                "file(\"/dev/stdin/2\")",
                "\"https://a.example\"",
                "file(\"/dev/stdin/3\")"
            ]
        );
    }
}
