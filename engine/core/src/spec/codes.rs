//! Every code that the front half of the engine can emit, with its explanation.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: holds a code that is not in the table, since one list makes both.

macro_rules! codes {
    ($($name:ident = $code:literal, $explanation:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*

        /// Code and explanation of each problem of a spec, for the reference page.
        pub const CODES: &[(&str, &str)] = &[$(($code, $explanation)),*];
    };
}

codes! {
    SYNTAX = "spec/syntax", "The text is not HCL. Only the first such place of a file is shown, since reading stops there.";
    TOO_LARGE = "spec/too-large", "A file, an object or a computed value is larger than pospool accepts.";
    TOO_DEEP = "spec/too-deep", "Values, expressions or locals are nested deeper than pospool accepts.";
    STRAY_ATTRIBUTE = "spec/stray-attribute", "An attribute stands outside every block.";
    UNKNOWN_KIND = "spec/unknown-kind", "No provider knows this kind of block.";
    UNKNOWN_BLOCK = "spec/unknown-block", "A block stands inside a block that has no such part.";
    UNKNOWN_ATTRIBUTE = "spec/unknown-attribute", "The kind has no such attribute; `pospool explain` lists those it has.";
    MISSING_ATTRIBUTE = "spec/missing-attribute", "An attribute that the kind requires is not written.";
    DUPLICATE_ATTRIBUTE = "spec/duplicate-attribute", "One name is set twice in the same place.";
    DUPLICATE_NAME = "spec/duplicate-name", "Two resources of one kind, two variables, two locals or two outputs have the same name.";
    LABEL_COUNT = "spec/label-count", "A block has too few or too many labels.";
    BAD_LABEL = "spec/bad-label", "A label is not made of at most 64 lower-case letters, digits and `_`, starting with a letter.";
    BAD_LIFECYCLE = "spec/bad-lifecycle", "A `lifecycle` block holds something else than `irreversible = \"accept\"` and `prevent_destroy = true`.";
    BAD_DEPENDS_ON = "spec/bad-depends-on", "`depends_on` is not a list of bare resources.";
    BAD_VARIABLE = "spec/bad-variable", "A `variable` or `output` block is not written as it should be.";
    SENSITIVE_VARIABLE = "spec/sensitive-variable", "A variable cannot hold a secret: its value is part of the plan.";
    UNDECLARED_VARIABLE = "spec/undeclared-variable", "A value was given for a variable that the spec does not declare.";
    VARIABLE_WITHOUT_VALUE = "spec/variable-without-value", "A variable has no default, and no value was given.";
    NOT_CONSTANT = "spec/not-constant", "A variable's value refers to something; it must be known before the spec is read.";
    UNKNOWN_VARIABLE = "spec/unknown-variable", "`var.name` refers to a variable that is not declared.";
    UNKNOWN_LOCAL = "spec/unknown-local", "`local.name` refers to a local that is not declared.";
    UNKNOWN_NAME = "spec/unknown-name", "A name is neither a kind nor `var` nor `local`.";
    INCOMPLETE_REFERENCE = "spec/incomplete-reference", "A reference stops before it names something, such as `host` instead of `host.main`.";
    UNKNOWN_RESOURCE = "spec/unknown-resource", "A reference names a resource that is not in the spec.";
    UNKNOWN_OUTPUT = "spec/unknown-output", "The kind has neither an output nor an attribute of this name.";
    INDIRECT_REFERENCE = "spec/indirect-reference", "A resource is read by way of another one; it must be named where it is read.";
    SELF_REFERENCE = "spec/self-reference", "A resource refers to itself.";
    CYCLE = "spec/cycle", "Resources or locals refer to each other in a circle, so none can come first.";
    IMPLIED_MISSING = "spec/implied-missing", "A reference was left out, and the spec has no resource that could be meant.";
    IMPLIED_AMBIGUOUS = "spec/implied-ambiguous", "A reference was left out, and the spec has several resources that could be meant.";
    UNKNOWN_FUNCTION = "spec/unknown-function", "There is no such function; `pospool explain functions` lists them.";
    ARGUMENT_COUNT = "spec/argument-count", "A function has too few or too many arguments.";
    BAD_ARGUMENT = "spec/bad-argument", "A function cannot work with this argument.";
    BAD_NUMBER = "spec/bad-number", "Numbers are whole and fit in 64 bits; amounts are written `cfx(\"1.5\")`.";
    WRONG_TYPE = "spec/wrong-type", "A value has another type than the attribute or variable.";
    WRONG_KIND = "spec/wrong-kind", "A reference points at a resource of another kind than the attribute takes.";
    SECRET_WRITTEN = "spec/secret-written", "A secret stands in the spec; it must only be named, with `env(\"NAME\")` or `file(\"PATH\")`.";
    SECRET_MISPLACED = "spec/secret-misplaced", "A secret is used where its name or content could be shown or stored.";
    BAD_OPERAND = "spec/bad-operand", "An operator cannot work with values of these types.";
    ARITHMETIC = "spec/arithmetic", "A result does not fit, is not whole, or is a division by zero.";
    BAD_INDEX = "spec/bad-index", "A list has no such position, a map has no such key, or the value has no parts.";
    BAD_KEY = "spec/bad-key", "A key of a map is not text, occurs twice, or starts with `$`, which pospool reserves.";
    UNSUPPORTED = "spec/unsupported", "HCL has this form, and pospool does not.";
}
