//! What expressions mean.

use super::*;
use pospool_model::{Drip, SecretRef};

/// Names that are read, with the resource that they are read of.
fn reads(config: &Config) -> Vec<String> {
    let reads = config.reads().iter();
    reads
        .flat_map(|(address, names)| names.iter().map(move |name| format!("{address}.{name}")))
        .collect()
}

#[test]
fn literals() {
    for (expression, value) in [
        ("1", "1"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775807", "9223372036854775807"),
        ("true", "true"),
        (r#""a\n$${b}""#, r#""a\n${b}""#),
        ("[1, [2], \"x\",]", r#"[1, [2], "x"]"#),
        (
            "{ a = 1, \"b c\" = 2, (\"d\") = 3 }",
            "{ a = 1, b c = 2, d = 3 }",
        ),
        ("{\n a = 1\n b : 2\n }", "{ a = 1, b = 2 }"),
        ("<<EOT\n  a ${1 + 1}\nb\nEOT", r#""  a 2\nb\n""#),
        ("<<-EOT\n    a\n      b\n    EOT", r#""a\n  b\n""#),
        ("<<EOT\r\na\r\nEOT", r#""a\n""#),
        (
            r#""${1}-${true}-${cfx(5)}-${blocks(2)}""#,
            r#""1-true-5 CFX-2 blocks""#,
        ),
        (r#""${1}""#, r#""1""#),
        (r#""a  ${~ 1 ~}  b""#, r#""a1b""#),
    ] {
        assert_eq!(value_of(expression), value, "{expression}");
    }
}

#[test]
fn operators() {
    for (expression, value) in [
        ("1 + 2 * 3 - 4", "3"),
        ("(1 + 2) * 3", "9"),
        ("7 % 4", "3"),
        ("8 / 4", "2"),
        ("-(3)", "-3"),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", "true"),
        ("!(1 == 2) || false", "true"),
        ("\"a\" != \"b\"", "true"),
        ("null == 1", "false"),
        ("[1, 2] == [1, 2]", "true"),
        (
            "cfx(1) + cfx(\"0.5\") - drip(1)",
            "1.499999999999999999 CFX",
        ),
        ("3 * cfx(2)", "6 CFX"),
        ("cfx(2) > cfx(1)", "true"),
        ("blocks(2) * 3 - blocks(1)", "5 blocks"),
        ("1 < 2 ? \"a\" : 1 / 0", "\"a\""),
    ] {
        assert_eq!(value_of(expression), value, "{expression}");
    }
}

#[test]
fn functions() {
    for (expression, value) in [
        ("cfx(1000)", "1,000 CFX"),
        ("tostring(cfx(1000))", "\"1000 CFX\""),
        ("\"${blocks(1000)}\"", "\"1000 blocks\""),
        ("cfx(\"1000.5\")", "1,000.5 CFX"),
        ("drip(\"1000000000000000000\")", "1 CFX"),
        ("blocks(5)", "5 blocks"),
        ("lower(\"AÉ\")", "\"aé\""),
        ("upper(\"a\")", "\"A\""),
        ("join(\", \", [\"a\", 1, true])", "\"a, 1, true\""),
        ("concat([1], [], [2, 3])", "[1, 2, 3]"),
        ("length([1, 2]) + length({ a = 1 }) + length(\"é\")", "4"),
        ("keys({ b = 1, a = 2 })", r#"["a", "b"]"#),
        ("merge({ a = 1, b = 1 }, { b = 2 })", "{ a = 1, b = 2 }"),
        ("tostring(5)", "\"5\""),
    ] {
        assert_eq!(value_of(expression), value, "{expression}");
    }
}

#[test]
fn paths_and_loops() {
    for (expression, value) in [
        ("{ a = [1, { b = 2 }] }.a[1].b", "2"),
        ("{ a = 1 }[\"a\"]", "1"),
        ("[1, 2].1", "2"),
        ("[for x in [1, 2, 3] : x * 2 if x > 1]", "[4, 6]"),
        (
            "[for i, x in [\"a\", \"b\"] : \"${i}${x}\"]",
            r#"["0a", "1b"]"#,
        ),
        (
            "{ for k, v in { a = 1, b = 2 } : upper(k) => v }",
            "{ A = 1, B = 2 }",
        ),
        (
            "{ for x in [1, 2, 3] : x > 1 ? \"big\" : \"small\" => x... }",
            "{ big = [2, 3], small = [1] }",
        ),
        (
            "[for x in [1, 2] : [for y in [10, 20] : x + y]]",
            "[[11, 21], [12, 22]]",
        ),
        ("[for host in [1] : host]", "[1]"),
    ] {
        assert_eq!(value_of(expression), value, "{expression}");
    }
}

#[test]
fn what_is_not_known_yet_stays_unknown() {
    for (expression, value) in [
        ("host.h", "host.h"),
        ("host.h.address", "(known after apply)"),
        ("\"${host.h.address}:1\"", "(known after apply)"),
        ("[host.h.address, 1]", "[(known after apply), 1]"),
        ("{ a = host.h.address }.a", "(known after apply)"),
        ("length([host.h.address])", "1"),
        ("upper(host.h.address)", "(known after apply)"),
        ("join(\"\", [host.h.address])", "(known after apply)"),
        ("host.h.address == \"a\"", "(known after apply)"),
        ("host.h.address == \"a\" && false", "false"),
        ("host.h.address == \"a\" ? 1 : 2", "(known after apply)"),
        (
            "[for x in [1] : x if host.h.address == \"a\"]",
            "(known after apply)",
        ),
        ("source.s.PoSPool.abi[0]", "(known after apply)"),
        ("source.s[\"PoSPool\"]", "(known after apply)"),
    ] {
        let config = good(&format!(
            "host \"h\" {{}}\nsource \"s\" {{}}\npool \"p\" {{\n extra = {expression}\n}}\n"
        ));
        assert_eq!(
            attributes(&config, "pool.p")["extra"].to_string(),
            value,
            "{expression}"
        );
    }
}

#[test]
fn outputs_come_before_wanted_attributes_before_nothing() {
    let config = good(
        "host \"h\" {}\nlocals {\n hosts = [host.h]\n}\npool \"p\" {\n \
         extra = [host.h.address, host.h.docker, host.h.port, [for h in local.hosts : h.address]]\n}\n",
    );
    let text = |text: &str| Value::from(text);
    let host = address("host.h");
    let of = |name: &str, value: &str| {
        BTreeMap::from([(
            host.clone(),
            Attributes::from([(name.to_owned(), text(value))]),
        )])
    };
    let (wanted, outputs) = (of("docker", "d"), of("address", "a"));
    let locals = config.local_values();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    let (found, problems) = config.evaluate(&address("pool.p"), &scope);
    assert_eq!(problems, []);
    assert_eq!(found["extra"].to_string(), r#"["a", "d", null, ["a"]]"#);
    assert_eq!(
        reads(&config),
        ["host.h.address", "host.h.docker", "host.h.port"]
    );
}

#[test]
fn an_implied_reference_is_filled_in_and_null_is_not_written() {
    let config = good(
        "host \"only\" {}\nnode \"a\" {\n image = \"x\"\n tags = null\n host = null\n}\n\
         pool \"p\" {\n settings = { a = null, b = [1, host.only] }\n}\n",
    );
    let found = attributes(&config, "node.a");
    assert_eq!(found.keys().collect::<Vec<_>>(), ["host", "image"]);
    assert_eq!(found["host"], Value::Resource(address("host.only")));
    assert!(
        config
            .get(&address("node.a"))
            .unwrap()
            .depends_on
            .contains(&Dependency::Resource(address("host.only")))
    );
    assert_eq!(
        attributes(&config, "pool.p")["settings"].to_string(),
        "{ b = [1, host.only] }"
    );
}

#[test]
fn everything_that_is_named_is_a_dependency() {
    let config = good(
        r#"
        host "a" {}
        host "b" {}
        host "c" {}
        source "s" {}
        locals {
          far  = { inner = host.b }
          near = [for x in ["y"] : "${x} ${local.far.inner.address}"]
        }
        node "n" {
          host       = host.a
          image      = source.s.PoSPool
          tags       = local.near
          depends_on = [host.c]
          lifecycle { prevent_destroy = true }
        }
        output "o" {
          value       = node.n.address
          description = "where it is"
        }
        "#,
    );
    let node = config.get(&address("node.n")).unwrap();
    let names: Vec<String> = node.depends_on.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["host.a", "host.b", "host.c", "source.s"]);
    assert_eq!(
        reads(&config),
        [
            "host.a.address",
            "host.b.address",
            "node.n.address",
            "source.s.PoSPool"
        ]
    );
    assert!(node.lifecycle.prevent_destroy && !node.lifecycle.accepts_irreversible);
    assert_eq!(config.output_names().collect::<Vec<_>>(), ["o"]);
    assert_eq!(
        config.outputs()["o"].description.as_deref(),
        Some("where it is")
    );
}

#[test]
fn a_place_is_as_deep_as_the_text_is_written_out() {
    let text = "locals {\n s = { x = 1 }\n}\npool \"p\" {\n  settings = {\n    name  = \"n\"\n    \"a b\" = [1, [2]]\n    \
                deep  = {\n      k = 5\n    }\n  }\n  extra = local.s\n}\n";
    let config = good(text);
    let at = |path: &[&str]| {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        text[config.span_of(&address("pool.p"), &path).bytes].to_owned()
    };
    assert_eq!(at(&[]), "pool \"p\"");
    assert_eq!(at(&["deposit"]), "pool \"p\"");
    assert_eq!(at(&["settings"]), "settings");
    assert_eq!(at(&["settings", "name"]), "\"n\"");
    assert_eq!(at(&["settings", "missing"]), "settings");
    assert_eq!(at(&["settings", "a b", "1", "0"]), "2");
    assert_eq!(at(&["settings", "deep"]), "deep");
    assert_eq!(at(&["settings", "deep", "k"]), "5");
    assert_eq!(at(&["extra", "x"]), "local.s");
}

#[test]
fn a_variable_takes_its_last_value() {
    let spec = SourceFile::new(
        "pool.hcl",
        "variable \"a\" { type = number }\nvariable \"b\" { default = cfx(1) }\nvariable \"c\" {}\nvariable \"d\" { default = null }\n\
         pool \"p\" {\n extra = [var.a, var.b, var.c, var.d]\n}\n",
    );
    let give = |name: &str, text: &str, origin: &str| {
        (name.to_owned(), text.to_owned(), origin.to_owned())
    };
    let inputs = VariableInputs {
        assignments: vec![
            give("a", "1", "--var"),
            give("a", "2", "POSPOOL_VAR_a"),
            give("b", "cfx(\"2.5\")", "POSPOOL_VAR_b"),
            give("c", "00 7", "--var"),
        ],
        files: vec![
            SourceFile::new("one", "a = 3\nc = \"x\"\n"),
            SourceFile::new("two", "b = cfx(4) * 2\n"),
        ],
        ..VariableInputs::default()
    };
    let (config, problems) = decode_spec(&[spec], &kinds(), &inputs);
    assert_eq!(show("", &problems), "");
    assert_eq!(
        attributes(&config, "pool.p")["extra"].to_string(),
        r#"[1, 8 CFX, "00 7", null]"#
    );
}

#[test]
fn case_saved_vars_a_saved_value_overrules_a_default_and_refuses_another_one() {
    let text = "variable \"a\" { default = 1 }\nvariable \"b\" { type = amount }\n\
                pool \"p\" {\n extra = [var.a, var.b]\n}\n";
    let files = [SourceFile::new("pool.hcl", text)];
    let with = |assignments: &[(&str, &str)]| {
        let inputs = VariableInputs {
            assignments: assignments
                .iter()
                .map(|(name, text)| {
                    let origin = format!("--var {name}");
                    ((*name).to_owned(), (*text).to_owned(), origin)
                })
                .collect(),
            saved: BTreeMap::from([
                ("a".to_owned(), Value::Integer(7)),
                (
                    "b".to_owned(),
                    Value::Amount(Drip(1_000_000_000_000_000_000)),
                ),
                ("of_another_spec".to_owned(), Value::Integer(1)),
            ]),
            ..VariableInputs::default()
        };
        let (config, problems) = decode_spec(&files, &kinds(), &inputs);
        let extra = attributes(&config, "pool.p")["extra"].to_string();
        (extra, show("", &problems))
    };
    let kept = || "[7, 1 CFX]".to_owned();
    assert_eq!(with(&[]), (kept(), String::new()));
    assert_eq!(
        with(&[("a", "7"), ("b", "cfx(1)")]),
        (kept(), String::new())
    );
    let (value, said) = with(&[("a", "8")]);
    assert_eq!(value, kept());
    assert!(said.starts_with("spec/saved-variable"), "{said}");
    let what = "`--var a` gives variable `a` the value 8, and the plan was made with 7";
    assert!(said.contains(what), "{said}");
}

#[test]
fn case_saved_vars_a_plan_of_a_stranger_brings_no_secret_and_no_reference() {
    let text = "variable \"a\" {}\npool \"p\" {\n extra = [var.a]\n}\n";
    let key = Value::Secret(SecretRef::Env("KEY".into()));
    let host = Value::Resource("host.a".parse().unwrap());
    let inside = |value: &Value| Value::List(vec![value.clone()]);
    for value in [inside(&key), key, inside(&host), host, Value::Unknown] {
        let inputs = VariableInputs {
            saved: BTreeMap::from([("a".to_owned(), value)]),
            ..VariableInputs::default()
        };
        let files = [SourceFile::new("pool.hcl", text)];
        let (config, problems) = decode_spec(&files, &kinds(), &inputs);
        assert!(show(text, &problems).starts_with("spec/saved-variable"));
        assert_eq!(config.variables()["a"], Value::Unknown);
    }
}

#[test]
fn the_digest_follows_texts_and_values_and_not_names_or_order() {
    let digest = |files: &[(&str, &str)], value: &str| {
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| SourceFile::new(*name, *text))
            .collect();
        let inputs = VariableInputs {
            assignments: vec![("v".to_owned(), value.to_owned(), "--var".to_owned())],
            ..VariableInputs::default()
        };
        decode_spec(&files, &kinds(), &inputs).0.digest().to_owned()
    };
    let (v, h) = ("variable \"v\" {}\n", "host \"h\" {}\n");
    let first = digest(&[("a", v), ("b", h)], "1");
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest(&[("y", h), ("x", v)], "1"));
    assert_ne!(first, digest(&[("a", v), ("b", h)], "2"));
    assert_ne!(first, digest(&[("a", v)], "1"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let text = "\u{feff}host \"h\" {\r\n  docker = \"x\"\r\n  prt = 1\r\n}\r\n";
    let (config, problems) = decode_text(text);
    assert_eq!(
        show(text, &problems),
        "spec/unknown-attribute 3:3 <prt> `host` has no attribute `prt`\n  did you mean `port`?\n"
    );
    assert_eq!(attributes(&config, "host.h")["docker"], Value::from("x"));
}

/// A local in which a resource has a part is evaluated by the first who reads it, and then it is there for all.
#[test]
fn case_big_local_a_local_is_evaluated_once_in_a_pass() {
    let config = good(
        "host \"h\" {}\nlocals {\n far = [host.h.docker]\n near = local.far[0]\n}\n\
         pool \"a\" {\n extra = local.near\n}\npool \"b\" {\n extra = local.near\n}\n",
    );
    let wanted = |docker: &str| {
        let host = Attributes::from([("docker".to_owned(), Value::from(docker))]);
        BTreeMap::from([(address("host.h"), host)])
    };
    let outputs = BTreeMap::new();
    let locals = config.local_values();
    for (docker, pool) in [("first", "pool.a"), ("second", "pool.b")] {
        let wanted = wanted(docker);
        let scope = Scope {
            wanted: &wanted,
            outputs: &outputs,
            locals: &locals,
        };
        let (found, problems) = config.evaluate(&address(pool), &scope);
        assert_eq!(problems, []);
        // Within one pass a resource never changes, so the second value shows that nobody looked.
        assert_eq!(found["extra"], Value::from("first"));
    }
}

#[test]
fn case_renamed_block_moves_name_what_was_and_what_is() {
    let said = |text: &str| {
        let text = format!("host \"new\" {{}}\n{text}");
        let files = [SourceFile::new("pool.hcl", text.as_str())];
        let (config, problems) = decode_spec(&files, &kinds(), &VariableInputs::default());
        assert!(problems.iter().all(|it| it.code == "spec/bad-move"));
        let problem = problems.first().map(|it| it.summary.clone());
        (config, problem.unwrap_or_default())
    };
    let moved = |from: &str, to: &str| format!("moved {{\n  from = {from}\n  to = {to}\n}}\n");
    let chain = moved("host.older", "host.old") + &moved("host.old", "host.new");
    let (config, good) = said(&(chain + "removed {\n  from = host.gone\n}\n"));
    assert_eq!(good, "");
    assert_eq!(config.moves().len(), 2);
    assert!(config.forgets(&"host.gone".parse().unwrap()));
    for (text, what) in [
        (
            moved("host.new", "host.old"),
            "`host.new` is still in the spec",
        ),
        (
            moved("host.old", "pool.new"),
            "only the name of a resource changes",
        ),
        (
            moved("host.old", "host.other"),
            "the spec has no such resource",
        ),
        (
            moved("host.a", "host.b") + &moved("host.b", "host.a"),
            "the spec has no such resource",
        ),
        (
            moved("host.old", "\"host.new\""),
            "`to` is the name of a resource",
        ),
        (
            moved("host.old", "host.new.x"),
            "`to` is the name of a resource",
        ),
        (moved("host.old", "host.new").repeat(2), "a second time"),
        (
            "moved {\n  from = host.old\n}\n".to_owned(),
            "`moved` lacks `to`",
        ),
        (
            "removed {\n  from = host.new\n}\n".to_owned(),
            "`host.new` is still in the spec",
        ),
        (
            "removed {\n  from = host.a\n  to = host.new\n}\n".to_owned(),
            "`removed` has no attribute `to`",
        ),
        (
            "removed \"x\" {\n  from = host.a\n}\n".to_owned(),
            "`removed` has no label",
        ),
    ] {
        let (_, said) = said(&text);
        assert!(said.contains(what), "{text}: {said}");
    }
}
