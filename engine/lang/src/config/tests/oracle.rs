//! The same expressions by hcl-rs, an evaluator of other people.

use proptest::prelude::*;

use super::{attributes, good};

/// Evaluates with hcl-rs and writes the value as JSON.
fn theirs(expression: &str) -> serde_json::Value {
    let body: serde_json::Value =
        hcl::eval::from_str(&format!("x = {expression}\n"), &hcl::eval::Context::new()).unwrap();
    body["x"].clone()
}

fn ours(expression: &str) -> serde_json::Value {
    let config = good(&format!("pool \"p\" {{\n  extra = {expression}\n}}\n"));
    let attributes = attributes(&config, "pool.p");
    serde_json::to_value(&attributes["extra"]).unwrap()
}

#[test]
fn expressions_mean_what_they_mean_in_hcl() {
    for expression in [
        "[1, -2, \"a\\n\\u00e9\", true]",
        "{ a = 1, \"b c\" = [2], (\"d\") = { e = 3 } }",
        "\"a ${1 + 1} $${b} %%{c} ${true}\"",
        "\"a  ${~ \"b\" ~}  c\"",
        "<<EOT\n  a ${1}\n b\nEOT",
        "<<-EOT\n    a\n      b ${1}\n    EOT",
        "1 + 2 * 3 - 4 % 3",
        "(1 + 2) * -3",
        "1 < 2 && !(2 >= 3) || false",
        "1 == 1 ? \"yes\" : \"no\"",
        "true ? false ? 1 : 2 : 3",
        "{ a = [1, { b = 2 }] }.a[1].b",
        "[[1, 2], [3]][0][1]",
        "[for x in [1, 2, 3] : x * 2 if x > 1]",
        "[for i, x in [\"a\", \"b\"] : \"${i}${x}\"]",
        "{ for k, v in { a = 1, b = 2 } : \"${k}x\" => v + 1 }",
        "{ for x in [1, 2, 3] : x > 1 ? \"big\" : \"small\" => x... }",
        "[for x in [1, 2] : [for y in [10, 20] : x + y]]",
    ] {
        assert_eq!(ours(expression), theirs(expression), "{expression}");
    }
}

/// An expression whose value is a whole number.
fn number() -> impl Strategy<Value = String> {
    let literal = (-9..10_i64).prop_map(|number| number.to_string());
    literal.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*"]);
        let comparison = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("[0, {a}][1]")),
            (inner.clone(), comparison, inner.clone(), inner)
                .prop_map(|(a, o, b, c)| format!("(({a}) {o} ({b}) && true ? {c} : {a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_calculation_has_the_same_result(expression in number()) {
        prop_assert_eq!(ours(&expression), theirs(&expression));
    }
}
