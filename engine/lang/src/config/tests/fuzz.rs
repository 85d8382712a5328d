//! No text makes the front half panic, and a good spec stays quick to read.

use proptest::prelude::*;

use super::{decode_text, good, kinds, show};
use crate::config::{Scope, VariableInputs, decode_spec};
use crate::spec::SourceFile;

const SPEC: &str = r#"
variable "image" {
  type    = text
  default = "conflux"
}

locals {
  both  = [node.a, node.b]
  names = [for index, n in local.both : "${index}: ${n.image}" if index < 5]
  deep  = { a = { b = [1, 2, { c = "é" }] } }
}

host "main" { docker = "unix:///var/run/docker.sock" }

account "operator" {
  private_key = env("KEY")
}

node "a" {
  image = "${var.image}:3.0.3@${upper("x")}"
  tags  = concat(["a"], keys({ b = 1 }))
  lifecycle {
    irreversible    = "accept"
    prevent_destroy = true
  }
}

node "b" {
  image     = <<-EOT
    line ${node.a.address}
      indented
  EOT
  peer      = node.a
  memory_mb = length(local.deep.a.b) * 1024 / 2 - -1
  public    = !(1 >= 2) && true || false
}

pool "p" {
  settings = {
    name             = "Harbour pool"
    user_share_ratio = local.deep["a"].b[2].c == "é" ? "90%" : "80%"
    pools            = [node.a, node.b]
  }
  deposit    = cfx("1000.5") * 2 + drip(1)
  lock       = blocks(2250000)
  depends_on = [source.reference]
  extra      = merge({ for k, v in { x = 1 } : k => v... }, { "y" = source.reference.PoSPool })
}

source "reference" {}

output "address" {
  value = join(", ", [node.a.address, tostring(5)])
}
"#;

/// Decodes and evaluates, and looks up the place of each value.
fn run(text: &str) {
    let (config, problems) = decode_text(text);
    show_safely(text, &problems);
    let (mut wanted, outputs) = Default::default();
    for resource in config.resources() {
        let locals = config.local_values();
        let scope = Scope {
            wanted: &wanted,
            outputs: &outputs,
            locals: &locals,
        };
        let (attributes, problems) = config.evaluate(&resource.address, &scope);
        show_safely(text, &problems);
        for name in attributes.keys() {
            let path = [name.clone(), "0".to_owned(), "name".to_owned()];
            let span = config.span_of(&resource.address, &path);
            assert!(text.get(span.bytes).is_some());
        }
        wanted.insert(resource.address.clone(), attributes);
    }
    let locals = config.local_values();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    for name in config.output_names() {
        let _ = config.evaluate_output(name, &scope);
    }
}

fn show_safely(text: &str, problems: &[pospool_model::Diagnostic]) {
    assert!(show(text, problems).len() >= problems.len());
}

#[test]
fn the_spec_that_is_mutated_is_good() {
    good(SPEC);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_read_without_a_panic(text in "(?s).{0,200}") {
        run(&text);
    }

    #[test]
    fn words_of_the_language_in_any_order_are_read_without_a_panic(
        words in prop::collection::vec(prop::sample::select(SPEC.split_inclusive(' ').collect::<Vec<_>>()), 0..60),
    ) {
        run(&words.concat());
    }

    #[test]
    fn a_spec_with_a_part_taken_out_is_read_without_a_panic(
        start in 0..SPEC.len(), length in 0..40_usize, other in 0..SPEC.len(),
    ) {
        let start = SPEC.floor_char_boundary(start);
        let end = SPEC.ceil_char_boundary((start + length).min(SPEC.len()));
        run(&format!("{}{}", &SPEC[..start], &SPEC[end..]));
        let other = SPEC.floor_char_boundary(other);
        run(&format!("{}{}{}", &SPEC[..other], &SPEC[start..end], &SPEC[other..]));
    }

    #[test]
    fn an_expression_in_any_place_is_read_without_a_panic(
        name in prop::sample::select(vec!["tags", "image", "host", "memory_mb", "public", "peer", "depends_on"]),
        parts in prop::collection::vec(prop::sample::select(vec![
            "1", "-9223372036854775808", "1.5", "\"a\"", "\"${1}\"", "[", "]", "{", "}", "(", ")", "a = ", "node.a",
            ".address", "[0]", "[\"k\"]", "env(\"A\")", "cfx(1)", "cfx(", "+", "-", "*", "/", "%", "==", "&&", "!",
            "?", ":", "null", "true", "for x in ", "x", "if ", "=>", "...", ",", "local.l", "var.v", ".*", ".0",
        ]), 0..12),
    ) {
        let expression = parts.join(" ");
        run(&format!(
            "variable \"v\" {{ default = 1 }}\nlocals {{\n  l = {expression}\n}}\nnode \"a\" {{ image = \"x\" }}\n\
             host \"h\" {{}}\nnode \"b\" {{\n  {name} = {expression}\n}}\n"
        ));
    }
}

#[test]
fn two_files_and_any_variables_are_read_without_a_panic() {
    for text in [
        "",
        "a",
        "cfx(",
        "\"",
        "[[[[",
        "9999999999999999999",
        "null",
        "{ a = env(\"X\") }",
    ] {
        for ty in [
            "text", "number", "bool", "amount", "blocks", "list", "map", "any",
        ] {
            let spec = SourceFile::new("a.hcl", format!("variable \"v\" {{ type = {ty} }}"));
            let inputs = VariableInputs {
                assignments: vec![("v".into(), text.into(), "--var".into())],
                files: vec![SourceFile::new("b", format!("v = {text}"))],
                ..VariableInputs::default()
            };
            let _ = decode_spec(&[spec], &kinds(), &inputs);
        }
    }
}

#[test]
fn what_would_be_slow_or_deep_is_refused_and_not_tried() {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| -> String {
        (1..count).map(line).collect::<Vec<_>>().concat()
    };
    let assignment = |n: usize| format!("k{n} = {n}\n");
    let many_keys = lines(6_000, &assignment);
    let doubling = lines(20, &|n| format!("l{n} = [local.l{0}, local.l{0}]\n", n - 1));
    let steep = lines(99, &|n| format!("l{n} = [[[[[[local.l{}]]]]]]\n", n - 1));
    let chain = lines(500, &|n| format!("l{n} = [local.l{}]\n", n - 1));
    for (text, code) in [
        (
            format!("locals {{\n a = {{\n{many_keys} }}\n}}\n"),
            "spec/too-large",
        ),
        (" ".repeat(8_000_001), "spec/too-large"),
        (
            format!(
                "locals {{\n a = {}1{}\n}}\n",
                "[".repeat(500),
                "]".repeat(500)
            ),
            "spec/too-deep",
        ),
        (
            format!("locals {{\n a = 1{}\n}}\n", " + 1".repeat(500)),
            "spec/too-deep",
        ),
        (
            format!("locals {{\n l0 = 1\n{doubling}}}\n"),
            "spec/too-large",
        ),
        (format!("locals {{\n l0 = 1\n{chain}}}\n"), "spec/too-deep"),
        (
            format!("host \"a\" {{}}\nlocals {{\n l0 = host.a\n{steep}}}\n"),
            "spec/too-deep",
        ),
        (
            format!("host \"a\" {{}}\nlocals {{\n l0 = host.a\n{chain}}}\n"),
            "spec/too-deep",
        ),
    ] {
        let problems = decode_text(&text).1;
        assert!(
            problems.iter().any(|problem| problem.code == code),
            "{code}: {problems:?}"
        );
    }
    good(&format!("locals {{\n{many_keys}}}\n"));
}
