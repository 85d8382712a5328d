//! Every code that a spec can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    ARGUMENT_COUNT = "spec/argument-count",
        "A function was given too few or too many arguments.",
        "Write the call as the message shows it; `pospool explain functions` lists all functions.";
    ARITHMETIC = "spec/arithmetic",
        "The result of an operator does not fit its type, is negative or not whole, or is a division by zero.",
        "Change the numbers so that the result is whole and fits: 64 bits for numbers, not negative for amounts and blocks.";
    BAD_ARGUMENT = "spec/bad-argument",
        "A function cannot work with an argument, such as a text that is no amount, or a computed name for `env` or `file`.",
        "Write the argument as the message shows it; `pospool explain functions` lists all functions.";
    BAD_DEPENDS_ON = "spec/bad-depends-on",
        "`depends_on` is not a list of bare resources.",
        "Write `depends_on = [kind.name]`.";
    BAD_INDEX = "spec/bad-index",
        "A list has no such position, a map has no such key, an index is neither a whole number nor text, or the value has no parts.",
        "Use a position counted from 0, or a key that the map has; the message suggests a similar key.";
    BAD_KEY = "spec/bad-key",
        "A key of a map is not text, occurs twice, or starts with `$`, which pospool reserves.",
        "Give each entry a text key of its own without `$` at its start. In a `for`, write `...` after the value to collect all values of a key.";
    BAD_LABEL = "spec/bad-label",
        "The label of a block is not made of at most 64 lower-case letters, digits and `_`, starting with a letter.",
        "Rename the block, for example to `main`.";
    BAD_LIFECYCLE = "spec/bad-lifecycle",
        "A `lifecycle` block holds something else than `irreversible` with the value `accept`, and `prevent_destroy` with `true` or `false` written out.",
        "Keep only `irreversible` and `prevent_destroy`, with such a value, and give the block no label.";
    BAD_MOVE = "spec/bad-move",
        "A `moved` or `removed` block names something that cannot be meant: a resource that is still in the spec, one of another kind, or the same one twice.",
        "Name the old resource in `from`, and in `to` the one that the spec has in its place.";
    BAD_NUMBER = "spec/bad-number",
        "A number is not whole or does not fit in 64 bits.",
        "Write a whole number, text in double quotes, or an amount such as `cfx(…)` with the number as text.";
    BAD_OPERAND = "spec/bad-operand",
        "An operator, a condition, a `for` or a text cannot work with a value of this type.",
        "Change the value to the type that the message names: a bool for a condition, a list or map for `for`; join texts in a template.";
    BAD_VARIABLE = "spec/bad-variable",
        "A `variable` or `output` block has an unknown part, an unknown type, or a `description` that is not text.",
        "Keep `type`, `default` and `description` in a `variable`, `value` and `description` in an `output`, and write a type without quotes, such as `text`.";
    CYCLE = "spec/cycle",
        "Resources or locals refer to each other in a circle, so none can come first.",
        "Remove one of the references that the message lists.";
    DUPLICATE_ATTRIBUTE = "spec/duplicate-attribute",
        "One name is set twice in the same place.",
        "Remove one of the two.";
    DUPLICATE_NAME = "spec/duplicate-name",
        "Two resources of one kind, two variables, two locals, two outputs or two `state` blocks have the same name.",
        "Remove one of them, or give it another name; a spec has one `state` block.";
    IMPLIED_AMBIGUOUS = "spec/implied-ambiguous",
        "An attribute that names a resource was left out, and several resources of the spec could be meant.",
        "Write the attribute with the resource that is meant, as the message shows it.";
    IMPLIED_MISSING = "spec/implied-missing",
        "An attribute that names a resource was left out, and the spec has no resource that could be meant.",
        "Declare a resource of the kind that the message names.";
    INCOMPLETE_REFERENCE = "spec/incomplete-reference",
        "A reference stops before it names something, such as `host` instead of `host.main`.",
        "Write the whole reference: `kind.name`, `var.name` or `local.name`.";
    INDIRECT_REFERENCE = "spec/indirect-reference",
        "A resource is read by way of another value and is not named where it is read, so it is not among the dependencies.",
        "Write the reference itself, `kind.name.output`, at this place.";
    LABEL_COUNT = "spec/label-count",
        "A block has too few or too many labels: a resource has one, `locals` and `state` have none.",
        "Write the block in the form that the message shows.";
    MISSING_ATTRIBUTE = "spec/missing-attribute",
        "An attribute that is required is not written, or its value is null.",
        "Write the attribute; `pospool explain KIND` tells what it means.";
    NOT_CONSTANT = "spec/not-constant",
        "A variable's value or the location of the state refers to something, and it must be known before the spec is evaluated.",
        "Write the value itself. Compute other values in `locals`, and give the location of the state with `POSPOOL_STATE` or `--state`.";
    SAVED_VARIABLE = "spec/saved-variable",
        "A variable is given another value than the saved plan was made with, which keeps its values.",
        "Run `pospool apply FILE` without the value, or make a new plan with `pospool plan --out`.";
    SECRET_MISPLACED = "spec/secret-misplaced",
        "A secret is used where its name or content could be shown or stored, such as in a text, an operator, an output or an ordinary attribute.",
        "Give the secret with `env(…)` or `file(…)` to an attribute that takes a secret, and store the whole text as the secret.";
    SECRET_WRITTEN = "spec/secret-written",
        "A text that is or may be a secret stands in the spec, where a secret must only be named; the message does not repeat it.",
        "Move the secret to an environment variable or a file, and name it with `env(…)` or `file(…)`. Consider it exposed if the spec was shared.";
    SELF_REFERENCE = "spec/self-reference",
        "A resource refers to itself, directly or by way of a local.",
        "Remove the reference, or write the value itself.";
    SENSITIVE_VARIABLE = "spec/sensitive-variable",
        "A variable or output is marked `sensitive`, and it cannot hold a secret: its value is part of the plan.",
        "Remove `sensitive`, and write `env(…)` or `file(…)` where the secret is used.";
    STRAY_ATTRIBUTE = "spec/stray-attribute",
        "An attribute stands outside every block.",
        "Move it into a block; write it in `locals` to use it as `local.name`.";
    SYNTAX = "spec/syntax",
        "The text is not HCL; only the first such place of a file is shown, since reading stops there.",
        "Correct the place that is shown, such as a quote or bracket that is never closed, and run `pospool validate` again.";
    TOO_DEEP = "spec/too-deep",
        "Values, expressions, operators or locals are nested deeper than pospool accepts.",
        "Give the inner expressions names in `locals`, and shorten chains of locals that use each other.";
    TOO_LARGE = "spec/too-large",
        "A file, an object or a computed value is larger than pospool accepts.",
        "Split the spec into several files, and large objects into parts that `merge(…)` joins.";
    UNDECLARED_VARIABLE = "spec/undeclared-variable",
        "A value was given for a variable that the spec does not declare; it is only a warning if it comes from the environment.",
        "Correct the name, or declare it with a `variable` block.";
    UNKNOWN_ATTRIBUTE = "spec/unknown-attribute",
        "The kind has no such attribute, or the name is an output, which is read and never set.",
        "Write the name that the message suggests; `pospool explain KIND` lists the attributes.";
    UNKNOWN_BLOCK = "spec/unknown-block",
        "A block stands inside a block, or in a file of variables, that has no such part.",
        "Write an attribute as `name = { … }`; the only block inside a resource is `lifecycle`.";
    UNKNOWN_FUNCTION = "spec/unknown-function",
        "There is no function of this name.",
        "Write the name that the message suggests; `pospool explain functions` lists all functions.";
    UNKNOWN_KIND = "spec/unknown-kind",
        "No provider knows this kind of block.",
        "Write the name that the message suggests; `pospool explain` lists the kinds.";
    UNKNOWN_LOCAL = "spec/unknown-local",
        "`local.name` refers to a local that is not declared.",
        "Correct the name, or declare it in `locals`.";
    UNKNOWN_NAME = "spec/unknown-name",
        "A name in an expression is neither a kind nor `var`, `local` or a variable of `for`.",
        "Write `kind.name`, `var.name` or `local.name`, or put text in double quotes.";
    UNKNOWN_OUTPUT = "spec/unknown-output",
        "The kind has neither an output nor an attribute of this name.",
        "Write the name that the message suggests; `pospool explain KIND` lists the outputs.";
    UNKNOWN_RESOURCE = "spec/unknown-resource",
        "A reference names a resource that is not in the spec.",
        "Correct the name, or declare the resource.";
    UNKNOWN_VARIABLE = "spec/unknown-variable",
        "`var.name` refers to a variable that is not declared.",
        "Correct the name, or declare it with a `variable` block.";
    UNSUPPORTED = "spec/unsupported",
        "HCL has this form, and pospool does not: `%{ … }` in text, `*` in a path, or `...` after an argument.",
        "Write the form that the message shows instead, such as `[for item in list : item.name]`.";
    VARIABLE_WITHOUT_VALUE = "spec/variable-without-value",
        "A variable has no default, and no value was given.",
        "Run with `--var NAME=VALUE`, set `POSPOOL_VAR_name`, or write a `default`.";
    WRONG_KIND = "spec/wrong-kind",
        "A reference points at a resource of another kind than the attribute takes.",
        "Name a resource of a kind that the message lists.";
    WRONG_TYPE = "spec/wrong-type",
        "A value has another type than the attribute or the variable takes.",
        "Write the value in the form that the message shows; `pospool explain KIND` tells the type of each attribute.";
}
