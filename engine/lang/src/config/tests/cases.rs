//! Every problem of a spec, where it is shown, and what is said.

use super::*;

#[test]
fn a_syntax_error_is_shown_where_it_is() {
    check(
        r#"
        host "a" {
          docker = 'x'
        }
        "#,
        r"
        spec/syntax 2:12 <'> expected a value
          write text in double quotes
        ",
    );
    check(
        r#"
        host "a" {
          docker = "x" port = 1
        }
        "#,
        r"
        spec/syntax 2:16 <p> expected newline or eof
          write each attribute on a line of its own; a block on one line holds one attribute and no block
        ",
    );
    check(
        r#"
        host "a" { docker = "x", port = 1 }
        "#,
        r"
        spec/syntax 1:24 <,> invalid block body; expected `}`, newline or identifier
          write each attribute on a line of its own; a block on one line holds one attribute and no block
        ",
    );
}

#[test]
fn what_is_not_closed_is_shown_where_it_opens() {
    check(
        r#"
        host "a" {
          docker = "x"
        "#,
        r"
        spec/syntax 1:10 <{> `{` is never closed
        ",
    );
    check(
        r#"
        host "a" {
          docker = ["x"
        }
        "#,
        r"
        spec/syntax 1:10 <{> `{` is never closed
        ",
    );
}

#[test]
fn a_text_or_bracket_that_goes_wrong_is_shown() {
    check(
        r#"
        host "a" {
          docker = "x
        }

        host "b" {
          docker = "y"
        }
        "#,
        r#"
        spec/syntax 2:12 <"> the text that starts here does not end on its line
          write `"` where it ends; text of several lines is written `<<EOT` … `EOT`
        "#,
    );
    check(
        r#"
        host "a" {
          docker = "${x
        }
        "#,
        r#"
        spec/syntax 2:12 <"> the text that starts here does not end on its line
          write `"` where it ends; text of several lines is written `<<EOT` … `EOT`
        "#,
    );
    check(
        r"
        }
        ",
        r"
        spec/syntax 1:1 <}> unexpected `}`
        ",
    );
    check(
        r#"
        host "a" {
          docker = <<EOT
          text
        }
        "#,
        r"
        spec/syntax 3:3 <t> expected heredoc end delimiter
          write the word after `<<` once more, alone on the line after the text
        ",
    );
}

#[test]
fn a_name_is_set_once() {
    check(
        r#"
        host "a" {
          docker = "x"
          docker = "y"
        }
        "#,
        r"
        spec/duplicate-attribute 3:3 <d> this name was set before in the same place
          remove one of the two
        ",
    );
    check(
        r#"
        pool "a" {
          settings = { a = 1, a = 2 }
        }
        "#,
        r"
        spec/duplicate-attribute 2:23 <a> this name was set before in the same place
          remove one of the two
        ",
    );
}

#[test]
fn what_stands_in_the_wrong_place() {
    check(
        r#"
        docker = "x"
        "#,
        r"
        spec/stray-attribute 1:1 <docker> `docker` is set outside every block
          write `locals { docker = … }` to use it as `local.docker`
        ",
    );
    check(
        r#"
        hots "a" {
          x = 1
        }
        nonsense "b" {}
        "#,
        r"
        spec/unknown-kind 1:1 <hots> there is no kind `hots`
          did you mean `host`?
        spec/unknown-kind 4:1 <nonsense> there is no kind `nonsense`
          `pospool explain` lists the kinds
        ",
    );
    check(
        r#"
        node "a" {
          image = "x"
          livecycle { prevent_destroy = true }
          tags { a = 1 }
          strange {}
        }
        host "h" {}
        "#,
        r"
        spec/unknown-block 3:3 <livecycle> `node` has no block `livecycle`
          did you mean `lifecycle`?
        spec/unknown-block 4:3 <tags> `node` has no block `tags`
          `tags` is an attribute: write `tags = { … }`
        spec/unknown-block 5:3 <strange> `node` has no block `strange`
          the only block inside is `lifecycle`
        ",
    );
    check(
        r"
        locals {
          a {}
        }
        ",
        r"
        spec/unknown-block 2:3 <a> `locals` has no block `a`
          write `a = { … }`
        ",
    );
}

#[test]
fn attributes() {
    check(
        r#"
        node "a" {
          imge    = "x"
          address = "y"
          whatever = 1
        }
        host "h" {}
        "#,
        r#"
        spec/missing-attribute 1:1 <node "a"> `node.a` lacks `image`
          write `image = …`: what it is for
        spec/unknown-attribute 2:3 <imge> `node` has no attribute `imge`
          did you mean `image`?
        spec/unknown-attribute 3:3 <address> `node` has no attribute `address`
          `address` is an output: it is read as `node.a.address`, and not set
        spec/unknown-attribute 4:3 <whatever> `node` has no attribute `whatever`
          `pospool explain node` lists the attributes
        "#,
    );
}

#[test]
fn names() {
    check(
        r#"
        host "a" {}
        host "a" {
          docker = 1
        }
        "#,
        r#"
        spec/duplicate-name 2:1 <host "a"> `host.a` is declared a second time; the first is at pool.hcl:1
          remove one of them, or give it another name
        "#,
    );
    check(
        r#"
        host {}
        host "a" "b" {}
        host "Main" {}
        host ident {}
        "#,
        r#"
        spec/label-count 1:1 <host> `host` has 0 labels, and one is needed
          write `host "name" { … }`
        spec/label-count 2:1 <host "a" "b"> `host` has 2 labels, and one is needed
          write `host "name" { … }`
        spec/bad-label 3:6 <"Main"> invalid label `Main`: use at most 64 lower-case letters, digits and `_`, starting with a letter
        "#,
    );
    check(
        r#"
        locals {
          a = 1
        }
        locals "x" {
          a = 2
        }
        output "o" { value = 1 }
        output "o" { value = 2 }
        variable "v" { default = 1 }
        variable "v" { default = 2 }
        "#,
        r#"
        spec/label-count 4:1 <locals "x"> `locals` has no label
          write `locals { … }`
        spec/duplicate-name 5:3 <a> local `a` is declared a second time; the first is at pool.hcl:2
          remove one of them, or give it another name
        spec/duplicate-name 8:1 <output "o"> output `o` is declared a second time; the first is at pool.hcl:7
          remove one of them, or give it another name
        spec/duplicate-name 10:1 <variable "v"> variable `v` is declared a second time; the first is at pool.hcl:9
          remove one of them, or give it another name
        "#,
    );
}

#[test]
fn lifecycle_and_depends_on() {
    check(
        r#"
        host "a" {
          lifecycle { irreversible = "yes" }
        }
        host "b" {
          lifecycle "x" {
            prevent_destroy = 1
            other           = 2
            inner {}
          }
          lifecycle { prevent_destroy = true }
          depends_on = host.a
        }
        host "c" {
          depends_on = [host.a.address, "host.b", host.missing, host.a]
        }
        "#,
        r#"
        spec/bad-lifecycle 2:30 <"yes"> `irreversible` can only be `"accept"`
          write `irreversible = "accept"` or `prevent_destroy = true`
        spec/bad-lifecycle 5:3 <lifecycle "x"> `lifecycle` has no label
          write `irreversible = "accept"` or `prevent_destroy = true`
        spec/bad-lifecycle 6:23 <1> `prevent_destroy` is `true` or `false`, written out
          write `irreversible = "accept"` or `prevent_destroy = true`
        spec/bad-lifecycle 7:5 <other> `lifecycle` has no such attribute
          write `irreversible = "accept"` or `prevent_destroy = true`
        spec/bad-lifecycle 8:5 <inner> `lifecycle` has no blocks
          write `irreversible = "accept"` or `prevent_destroy = true`
        spec/duplicate-name 10:3 <lifecycle> `lifecycle` is declared a second time; the first is at pool.hcl:5
          remove one of them, or give it another name
        spec/bad-depends-on 11:16 <host.a> `depends_on` is a list of bare resources
          write `depends_on = [kind.name]`
        spec/bad-depends-on 14:17 <host.a.address> `depends_on` is a list of bare resources
          write `depends_on = [kind.name]`
        spec/bad-depends-on 14:33 <"host.b"> `depends_on` is a list of bare resources
          write `depends_on = [kind.name]`
        spec/unknown-resource 14:43 <host.missing> the spec has no `host.missing`
          declare it: `host "missing" { … }`
        "#,
    );
}

#[test]
fn variables() {
    check(
        r#"
        variable "a" { type = string }
        variable "b" { type = "text" }
        variable "c" {
          typ       = text
          sensitive = true
        }
        variable "d" {
          type    = number
          default = "1"
        }
        variable "e" { default = [host.h.address, local.x] }
        variable "f" { default = env("X") }
        variable "g" {
          default     = 1
          description = 2
        }
        output "o" {
          valu        = 1
          description = "x"
        }
        "#,
        r#"
        spec/variable-without-value 1:1 <variable "a"> variable `a` has no value
          run with `--var a=…`, set `POSPOOL_VAR_a`, or write `default = …`
        spec/bad-variable 1:23 <string> this is no type of a variable
          did you mean `text`?
        spec/variable-without-value 2:1 <variable "b"> variable `b` has no value
          run with `--var b=…`, set `POSPOOL_VAR_b`, or write `default = …`
        spec/bad-variable 2:23 <"text"> this is no type of a variable
          write one of text, number, bool, amount, blocks, list, map, any, without quotes
        spec/variable-without-value 3:1 <variable "c"> variable `c` has no value
          run with `--var c=…`, set `POSPOOL_VAR_c`, or write `default = …`
        spec/bad-variable 4:3 <typ> `variable` has no `typ`
          did you mean `type`?
        spec/sensitive-variable 5:3 <sensitive> `variable` cannot be sensitive: its value is part of the plan
          write `env("NAME")` or `file("PATH")` where the secret is used
        spec/wrong-type 9:13 <"1"> variable `d` is of type number, and this is text
          write it like `5`
        spec/not-constant 11:27 <host> `host` is a reference, and this value must be known beforehand
          write text in double quotes, or compute the value in `locals`
        spec/not-constant 11:43 <local> `local` is a reference, and this value must be known beforehand
          write text in double quotes, or compute the value in `locals`
        spec/secret-misplaced 12:26 <env("X")> a secret cannot be shown or handed on here
          write `env("NAME")` or `file("PATH")` in the attribute that uses the secret
        spec/bad-variable 15:17 <2> `description` is text, written out
        spec/missing-attribute 17:1 <output "o"> output `o` lacks `value`
          write `value = …`
        spec/bad-variable 18:3 <valu> `output` has no `valu`
          did you mean `value`?
        "#,
    );
}

#[test]
fn references() {
    check(
        r#"
        variable "size" { default = 1 }
        locals {
          common = 2
        }
        host "main" {}
        node "a" {
          image = "${var.sise}${local.comon}${local.q}${var.q}"
          host  = host.mian
          peer  = nod.b
          tags  = [host.main.adress, host.main.zzzzzzzz, variable.x, locals.y, output.z, something]
        }
        node "b" {
          image = host
          host  = var
          peer  = local["x"]
          tags  = [host[0], node.c]
        }
        "#,
        r#"
        spec/unknown-variable 7:18 <sise> there is no variable `sise`
          did you mean `var.size`?
        spec/unknown-local 7:31 <comon> there is no local `comon`
          did you mean `local.common`?
        spec/unknown-local 7:45 <q> there is no local `q`
          declare it: `locals { q = … }`
        spec/unknown-variable 7:53 <q> there is no variable `q`
          declare it: `variable "q" { type = text }`
        spec/unknown-resource 8:11 <host.mian> the spec has no `host.mian`
          did you mean `host.main`?
        spec/unknown-name 9:11 <nod> nothing here is called `nod`
          did you mean `node`?
        spec/unknown-output 10:22 <adress> `host` has no output `adress`
          did you mean `address`?
        spec/unknown-output 10:40 <zzzzzzzz> `host` has no output `zzzzzzzz`
          `pospool explain host` lists the outputs
        spec/unknown-name 10:50 <variable> nothing here is called `variable`
          did you mean `var`?
        spec/unknown-name 10:62 <locals> nothing here is called `locals`
          did you mean `local`?
        spec/unknown-name 10:72 <output> nothing here is called `output`
          an output is for people; a value used twice belongs in `locals`
        spec/unknown-name 10:82 <something> nothing here is called `something`
          write `kind.name`, `var.name` or `local.name`, or put text in double quotes
        spec/incomplete-reference 13:11 <host> `host` alone is no value
          write `host.name`
        spec/incomplete-reference 14:11 <var> `var` alone is no value
          write `var.name`
        spec/incomplete-reference 15:11 <local> `local` alone is no value
          write `local.name`
        spec/incomplete-reference 16:12 <host> `host` alone is no value
          write `host.name`
        spec/unknown-resource 16:21 <node.c> the spec has no `node.c`
          did you mean `node.a`?
        "#,
    );
}

#[test]
fn a_circle_is_named_with_its_whole_path() {
    check(
        r#"
        node "a" {
          image = "x"
          host  = host.h
          peer  = node.b
        }
        node "b" {
          image = node.c.address
          host  = host.h
        }
        node "c" {
          image      = "x"
          host       = host.h
          depends_on = [node.a]
        }
        node "d" {
          image = node.d.address
          host  = host.h
          peer  = local.me
        }
        host "h" {}
        locals {
          me = node.d
          x  = local.y
          y  = [local.z]
          z  = local.x
          s  = local.s
        }
        "#,
        r"
        spec/cycle 4:11 <node.b> none of these can come first: node.a -> node.b -> node.c -> node.a
          remove one of the references
        spec/self-reference 16:11 <node.d> `node.d` refers to itself
        spec/self-reference 18:11 <local.me> `node.d` refers to itself by way of `local.me`
        spec/cycle 23:8 <local.y> none of these can come first: local.x -> local.y -> local.z -> local.x
          remove one of the references
        spec/cycle 26:8 <local.s> none of these can come first: local.s -> local.s
          remove one of the references
        ",
    );
}

#[test]
fn implied() {
    check(
        r#"
        node "a" {
          image = "x"
        }
        "#,
        r#"
        spec/implied-missing 1:1 <node "a"> `node.a` leaves out `host`, and the spec has no `host`
          declare one: `host "main" { … }`
        "#,
    );
    check(
        r#"
        host "a" {}
        host "b" {}
        node "a" {
          image = "x"
        }
        "#,
        r#"
        spec/implied-ambiguous 3:1 <node "a"> `node.a` leaves out `host`, and several could be meant: `host.a`, `host.b`
          write `host = host.a`, or the one that is meant
        "#,
    );
    check(
        r#"
        host "Bad" {}
        node "a" {
          image = "x"
        }
        "#,
        r#"
        spec/bad-label 1:6 <"Bad"> invalid label `Bad`: use at most 64 lower-case letters, digits and `_`, starting with a letter
        "#,
    );
}

#[test]
fn functions() {
    check(
        r#"
        pool "p" {
          extra = [lenght([1]), core::x(1), upper(), upper("a", "b"), concat([1]...), cfx("1 CFX"), cfx(-1), cfx(true)]
        }
        pool "q" {
          extra = [drip("1.5"), blocks(-1), blocks("1"), upper(1), join(1, []), join(",", 1), join(",", [[]]), keys([]), length(1), merge({}, 1), concat(1), tostring([]), drip(null)]
        }
        "#,
        r#"
        spec/unknown-function 2:12 <lenght> there is no function `lenght`
          did you mean `length`?
        spec/unknown-function 2:31 <x> there is no function `x`
          `pospool explain functions` lists them
        spec/argument-count 2:37 <upper()> `upper` was given 0 arguments
          write `upper(text) -> text`
        spec/argument-count 2:46 <upper("a", "b")> `upper` was given 2 arguments
          write `upper(text) -> text`
        spec/unsupported 2:63 <concat([1]...)> `...` after an argument is not supported
          write `concat(list, …) -> list`
        spec/bad-argument 2:83 <"1 CFX"> this is no amount of CFX
          write digits with at most 18 of them after the point, such as `cfx("1000.5")`
        spec/bad-argument 2:97 <-1> this is no amount of CFX
          write digits with at most 18 of them after the point, such as `cfx("1000.5")`
        spec/bad-argument 2:106 <true> this must be a whole number or text, and is a bool
        spec/bad-argument 5:17 <"1.5"> this is no amount of drip
          write digits, such as `drip("1000000000")`
        spec/bad-argument 5:32 <-1> a number of blocks is not negative
        spec/bad-argument 5:44 <"1"> this must be a whole number, and is text
        spec/bad-argument 5:56 <1> this must be text, and is a whole number
        spec/bad-argument 5:65 <1> this must be text, and is a whole number
        spec/bad-argument 5:83 <1> this must be a list, and is a whole number
        spec/bad-argument 5:97 <[[]]> a list is no text to join
        spec/bad-argument 5:109 <[]> this must be a map, and is a list
        spec/bad-argument 5:121 <1> this must be a list, a map or text, and is a whole number
        spec/bad-argument 5:135 <1> this must be a map, and is a whole number
        spec/bad-argument 5:146 <1> this must be a list, and is a whole number
        spec/bad-argument 5:159 <[]> this must be a number, a bool, an amount or blocks, and is a list
        spec/bad-argument 5:169 <null> this must be a whole number or text, and is null
        "#,
    );
}

#[test]
fn secrets() {
    check(
        r#"
        account "a" {
          private_key = "0xdeadbeef"
        }
        account "b" {
          private_key = 5
        }
        account "c" {
          private_key = env("0xdeadbeef")
        }
        account "d" {
          private_key = env("${"A"}")
        }
        account "e" {
          private_key = env("abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd")
        }
        account "f" {
          private_key = file("")
        }
        host "h" {
          docker = env("X")
        }
        host "i" {
          docker = "tcp://${env("X")}"
        }
        pool "p" {
          settings = { a = [1, { b = env("X") }] }
          extra    = env("X") == "a"
        }
        pool "q" {
          settings = { a = account.f.private_key, b = tostring(env("X")) }
        }
        output "o" { value = [env("X")] }
        "#,
        r#"
        spec/secret-written 2:17 <"0xdeadbeef"> a secret is never written in the spec
          write env("NAME") or file("PATH")
        spec/wrong-type 5:17 <5> `private_key` is a secret, and this is a whole number
          write env("NAME") or file("PATH")
        spec/secret-written 8:21 <"0xdeadbeef"> `env` was given something that is no name
          name an environment variable: letters, digits and `_`, not starting with a digit
        spec/bad-argument 11:21 <"${"A"}"> `env` takes a name, written out as text
          write `env("NAME") -> secret`
        spec/secret-written 14:21 <"abcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcdefabcd"> `env` was given something that is no name
          name an environment variable: letters, digits and `_`, not starting with a digit
        spec/secret-written 17:22 <""> `file` was given something that is no name
          name a file that holds the secret
        spec/secret-misplaced 20:12 <env("X")> `docker` takes no secret
          its value is kept in the state; secrets go only where a kind asks for one
        spec/secret-misplaced 23:21 <env("X")> a secret cannot be part of a text
          give the whole attribute the secret, and store the whole text as the secret
        spec/secret-misplaced 26:30 <env("X")> `settings.a[1].b` takes no secret
          its value is kept in the state; secrets go only where a kind asks for one
        spec/secret-misplaced 27:14 <env("X") == "a"> `==` cannot look into a secret
        spec/bad-argument 30:56 <env("X")> this must be a number, a bool, an amount or blocks, and is a secret
        spec/secret-misplaced 32:22 <[env("X")]> a secret cannot be shown or handed on here
          write `env("NAME")` or `file("PATH")` in the attribute that uses the secret
        "#,
    );
}

#[test]
fn types() {
    check(
        r#"
        variable "amount" { default = cfx(1) }
        host "h" {
          docker = 5
          port   = "80"
        }
        node "n" {
          image     = var.amount
          host      = "host.h"
          peer      = pool.p
          tags      = ["a", 2, host.h, [3]]
          memory_mb = cfx(1)
          public    = "true"
        }
        node "m" {
          image = null
          host  = 1
          tags  = "a"
        }
        pool "p" {}
        "#,
        r#"
        spec/wrong-type 3:12 <5> `docker` is text, and this is a whole number
          write `"5"`
        spec/wrong-type 4:12 <"80"> `port` is a whole number, and this is text
          write it without quotes
        spec/wrong-type 7:15 <var.amount> `image` is text, and this is an amount
        spec/wrong-type 8:15 <"host.h"> `host` is a `host`, and this is text
          write `host.h` without quotes
        spec/wrong-kind 9:15 <pool.p> `peer` takes a `node` or `host`, and `pool.p` is none
        spec/wrong-type 10:21 <2> `tags[1]` is text, and this is a whole number
          write `"2"`
        spec/wrong-type 10:24 <host.h> `tags[2]` is text, and this is a resource
          write what to read of it: `host.h.name`
        spec/wrong-type 10:32 <[3]> `tags[3]` is text, and this is a list
        spec/wrong-type 11:15 <cfx(1)> `memory_mb` is a whole number, and this is an amount
        spec/wrong-type 12:15 <"true"> `public` is `true` or `false`, and this is text
          write it without quotes
        spec/missing-attribute 15:11 <null> `node.m` lacks `image`: this is null
          give it a value: what it is for
        spec/wrong-type 16:11 <1> `host` is a `host`, and this is a whole number
          write `host.name`
        spec/wrong-type 17:11 <"a"> `tags` is a list, and this is text
          put it in `[ … ]`
        "#,
    );
}

#[test]
fn types_of_amounts_and_settings() {
    check(
        r#"
        pool "p" {
          settings = [1]
          deposit  = 1000
          lock     = 100
        }
        pool "q" {
          deposit = "1000 CFX"
          lock    = cfx(1)
        }
        "#,
        r#"
        spec/wrong-type 2:14 <[1]> `settings` is a map, and this is a list
          write `{ name = value }`
        spec/wrong-type 3:14 <1000> `deposit` is an amount, and this is a whole number
          write `cfx(1000)`
        spec/wrong-type 4:14 <100> `lock` is a number of blocks, and this is a whole number
          write `blocks(100)`
        spec/wrong-type 7:13 <"1000 CFX"> `deposit` is an amount, and this is text
          write `cfx("1000.5")`, without the unit inside
        spec/wrong-type 8:13 <cfx(1)> `lock` is a number of blocks, and this is an amount
        "#,
    );
}

#[test]
fn numbers() {
    check(
        r#"
        host "h" {
          port = 1.5
        }
        host "i" {
          port = 9223372036854775808
        }
        host "j" {
          port = 1e3
        }
        host "k" {
          port = -1.0
        }
        pool "p" {
          deposit = cfx(1.5)
          extra   = [9223372036854775807 + 1, 1 / 0, 7 / 2, 5 % 0, -(-9223372036854775808), cfx(1) - cfx(2), cfx(1) * -1, blocks(1) - blocks(2)]
        }
        pool "q" {
          deposit = drip("340282366920938463463374607431768211455") + drip(1)
        }
        "#,
        r#"
        spec/bad-number 2:10 <1.5> `1.5` is not a whole number
          write it as text, `"1.5"`, or an amount as `cfx("1.5")`
        spec/bad-number 5:10 <9223372036854775808> `9223372036854775808` does not fit in 64 bits
          write it as text, `"9223372036854775808"`, or an amount as `cfx("9223372036854775808")`
        spec/bad-number 8:10 <1e3> `1e3` is not a whole number
          write it as text, `"1e3"`, or an amount as `cfx("1e3")`
        spec/bad-number 11:10 <-1.0> `-1.0` is not a whole number
          write it as text, `"-1.0"`, or an amount as `cfx("-1.0")`
        spec/bad-number 14:17 <1.5> `1.5` is not a whole number
          write it as text, `"1.5"`, or an amount as `cfx("1.5")`
        spec/arithmetic 15:14 <9223372036854775807 + 1> the result does not fit in 64 bits
        spec/arithmetic 15:39 <1 / 0> this divides by zero
        spec/arithmetic 15:46 <7 / 2> 7 / 2 is not a whole number
        spec/arithmetic 15:53 <5 % 0> this divides by zero
        spec/arithmetic 15:60 <-(-9223372036854775808)> the result does not fit in 64 bits
        spec/arithmetic 15:85 <cfx(1) - cfx(2)> the amount is negative or too large
        spec/arithmetic 15:102 <cfx(1) * -1> the amount is negative or too large
        spec/arithmetic 15:115 <blocks(1) - blocks(2)> the number of blocks is negative or too large
        spec/arithmetic 18:13 <drip("340282366920938463463374607431768211455") + drip(1)> the amount is negative or too large
        "#,
    );
}

#[test]
fn operands() {
    check(
        r#"
        pool "p" {
          extra = [1 + "a", "a" + "b", !1, -true, 1 == "1", 1 && true, "a" < "b", cfx(1) * cfx(1), blocks(1) / blocks(1), cfx(1) + 1]
        }
        pool "q" {
          extra = [1 ? 2 : 3, [for x in 1 : x], [for x in [1] : x if 1], "${[]}", "${null}", "${host.h}"]
        }
        host "h" {}
        "#,
        r#"
        spec/bad-operand 2:12 <1 + "a"> `+` does not work between a whole number and text
          join text with `"${a}${b}"`
        spec/bad-operand 2:21 <"a" + "b"> `+` does not work between text and text
          join text with `"${a}${b}"`
        spec/bad-operand 2:32 <!1> `!` does not work on a whole number
        spec/bad-operand 2:36 <-true> `-` does not work on a bool
        spec/bad-operand 2:43 <1 == "1"> `==` does not work between a whole number and text
        spec/bad-operand 2:53 <1 && true> `&&` does not work between a whole number and a bool
        spec/bad-operand 2:64 <"a" < "b"> `<` does not work between text and text
        spec/bad-operand 2:75 <cfx(1) * cfx(1)> `*` does not work between two amounts
        spec/bad-operand 2:92 <blocks(1) / blocks(1)> `/` does not work between two numbers of blocks
        spec/bad-operand 2:115 <cfx(1) + 1> `+` does not work between an amount and a whole number
        spec/bad-operand 5:12 <1> a condition is a bool, and this is a whole number
        spec/bad-operand 5:33 <1> `for` goes through a list or a map, and this is a whole number
        spec/bad-operand 5:62 <1> a condition is a bool, and this is a whole number
        spec/bad-operand 5:69 <[]> a list cannot be part of a text
        spec/bad-operand 5:78 <null> null cannot be part of a text
        spec/bad-operand 5:89 <host.h> a whole resource cannot be part of a text
          write the name of what to read, `host.h.name`
        "#,
    );
}

#[test]
fn paths_into_values() {
    check(
        r#"
        pool "p" {
          extra = [[1][1], [1][-1], { port = 1 }.prt, { a = 1 }.zzzz, "a".b, 1[0], [1][true], {}[0], null.a]
        }
        pool "q" {
          extra = [for h in [host.h] : h.adress]
        }
        host "h" {}
        "#,
        r"
        spec/bad-index 2:15 <[1]> there is no element 1: the list has 1, counted from 0
        spec/bad-index 2:23 <[-1]> there is no element -1: the list has 1, counted from 0
        spec/bad-index 2:41 <.prt> the map has no key `prt`
          did you mean `port`?
        spec/bad-index 2:56 <.zzzz> the map has no key `zzzz`
        spec/bad-index 2:66 <.b> text has no `b`
        spec/bad-index 2:71 <[0]> a whole number has no elements
        spec/bad-index 2:80 <true> an index is a whole number or text, and this is a bool
        spec/bad-index 2:89 <[0]> a map has no elements
        spec/bad-index 2:98 <.a> null has no `a`
        spec/unknown-output 5:33 <.adress> `host` has no output `adress`
          did you mean `address`?
        ",
    );
}

#[test]
fn keys() {
    check(
        r#"
        pool "p" {
          settings = { a = 1, "a" = 2 }
          extra    = [{ "$drip" = "1" }, { (1) = 2 }, { for x in [1, 2] : "a" => x }, { for x in [1] : x => x }, { for x in ["$y"] : x => 1 }]
        }
        "#,
        r#"
        spec/bad-key 2:23 <"a"> the key `a` occurs twice
        spec/bad-key 3:17 <"$drip"> a key cannot start with `$`
        spec/bad-key 3:36 <(1)> a key is text, and this is a whole number
        spec/bad-key 3:67 <"a"> the key `a` is made twice
          write `...` after the value to collect all values of a key
        spec/bad-key 3:96 <x> a key is text, and this is a whole number
        spec/bad-key 3:126 <x> a key cannot start with `$`
        "#,
    );
}

#[test]
fn forms_that_hcl_has_and_pospool_has_not() {
    check(
        r#"
        pool "p" {
          extra = ["%{ if true }a%{ endif }", [1].*, host.h[*].address]
        }
        host "h" {}
        "#,
        r#"
        spec/unsupported 2:13 <%{ if true }a%{ endif }> `%{ … }` is not supported inside text
          write `${ condition ? "a" : "b" }`, or `${ join(", ", [for …]) }`
        spec/unsupported 2:42 <.*> `*` is not supported here
          write `[for item in list : item.name]`
        spec/unsupported 2:52 <[*]> `*` is not supported here
          write `[for item in list : item.name]`
        "#,
    );
}

/// Problems of inputs and of values that only become known later.
#[test]
fn values_of_variables_from_outside() {
    let spec = SourceFile::new(
        "pool.hcl",
        "variable \"size\" { type = number }\nvariable \"fee\" { type = amount }\n",
    );
    let give = |name: &str, text: &str, origin: &str| {
        (name.to_owned(), text.to_owned(), origin.to_owned())
    };
    let inputs = VariableInputs {
        assignments: vec![
            give("size", "five", "--var"),
            give("sise", "5", "--var"),
            give("other", "5", "POSPOOL_VAR_other"),
            give("fee", "1000", "--var"),
        ],
        files: vec![
            SourceFile::new("a.vars", "syze = 5\nfee = host.a\nblock {}\n"),
            SourceFile::new("b.vars", "fee =\n"),
            SourceFile::new("c.vars", "fee = env(\"X\")\nsize = \"5\"\n"),
        ],
        ..VariableInputs::default()
    };
    let (_, problems) = decode_spec(&[spec], &kinds(), &inputs);
    let warnings = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Warning);
    assert_eq!(warnings.count(), 1);
    let expected = r#"
        spec/undeclared-variable nowhere `POSPOOL_VAR_other` sets `other`, and the spec has no such variable
          declare it: `variable "other" { type = text }`
        spec/undeclared-variable a.vars 0..4 `a.vars` sets `syze`, and the spec has no such variable
          did you mean `size`?
        spec/not-constant a.vars 15..19 `host` is a reference, and this value must be known beforehand
          write text in double quotes, or compute the value in `locals`
        spec/unknown-block a.vars 22..27 a file of variables has no blocks
          write `name = value` on each line
        spec/syntax b.vars 5..6 expected a value
        spec/secret-misplaced c.vars 6..14 a secret cannot be shown or handed on here
          write `env("NAME")` or `file("PATH")` in the attribute that uses the secret
        spec/undeclared-variable nowhere `--var` sets `sise`, and the spec has no such variable
          did you mean `size`?
        spec/wrong-type --var 0..4 `--var` gives variable `fee` something that is not of type amount
          write it like `cfx(1000)`
        spec/wrong-type --var 0..4 `--var` gives variable `size` something that is not of type number
          write it like `5`
        "#;
    assert_eq!(show("", &problems).trim(), unindent(expected).trim());
}

#[test]
fn a_resource_is_named_where_it_is_read() {
    let config = good(
        "host \"h\" {}\nnode \"a\" {\n image = \"x\"\n}\npool \"p\" {\n extra = node.a.host.docker\n}\n",
    );
    let wanted = BTreeMap::from([(
        address("node.a"),
        Attributes::from([("host".to_owned(), Value::Resource(address("host.h")))]),
    )]);
    let outputs = BTreeMap::new();
    let locals = config.local_values();
    let scope = Scope {
        wanted: &wanted,
        outputs: &outputs,
        locals: &locals,
    };
    let (found, problems) = config.evaluate(&address("pool.p"), &scope);
    assert_eq!(found["extra"], Value::Unknown);
    assert_eq!(problems[0].code, "spec/indirect-reference");
    assert_eq!(problems[0].help.as_deref(), Some("write `host.h.docker`"));
}

#[test]
fn a_secret_is_not_repeated() {
    let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for value in [
        "\"S\"",
        "env(\"S\")",
        "env(\"0xS\")",
        "file(\"S\")",
        "[\"S\"]",
        "\"S\" + 1",
        "upper(\"S\")",
    ] {
        let value = value.replace('S', secret);
        let problems = decode_text(&format!("account \"a\" {{\n private_key = {value}\n}}\n")).1;
        assert!(!problems.is_empty(), "{value}");
        assert!(
            !format!("{problems:?}").to_lowercase().contains(secret),
            "{value}: {problems:?}"
        );
    }
}

#[test]
fn files_of_one_spec_know_each_other_and_broken_ones_speak_alone() {
    let decode_all = |texts: [&str; 2]| {
        let files = [
            SourceFile::new("pool.hcl", texts[0]),
            SourceFile::new("b.hcl", texts[1]),
        ];
        show(
            texts[0],
            &decode_spec(&files, &kinds(), &VariableInputs::default()).1,
        )
    };
    assert_eq!(
        decode_all(["pool \"p\" {\n extra = host.h\n}\n", "host \"h\" {}\n"]),
        ""
    );
    assert_eq!(
        decode_all(["pool \"p\" {\n extra = host.h\n}\n", "host \"h\" {"]),
        "spec/syntax b.hcl 9..10 `{` is never closed\n"
    );
}
