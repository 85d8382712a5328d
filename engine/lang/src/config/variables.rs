//! Values of variables.
//!
//! - Reads: `variable` blocks, and what the user gave on the command line, in the
//!   environment and in files; the caller read those.
//! - Returns: one value for each variable.
//! - Never: takes a secret: values of variables are part of the plan's digest.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Structure;
use pospool_model::{Diagnostic, Severity, Span, Value};

use super::blocks::Declaration;
use super::evaluate::Evaluator;
use super::operators::describe_type;
use super::problems::Problems;
use super::references::Walker;
use super::sections::declared_attributes;
use super::{Config, Kinds, LocalValues, Scope, resource};
use crate::spec::{self, SourceFile};

/// Values that the user gave.
///
/// The environment is overruled by files, and these by the command line; among
/// equals the later one wins.
#[derive(Clone, Debug, Default)]
pub struct VariableInputs {
    /// Name, text and origin of each assignment. The origin is shown to users:
    /// `--var`, or the name of the environment variable, which starts with
    /// `POSPOOL_VAR_`.
    pub assignments: Vec<(String, String, String)>,
    /// Files with `name = value`.
    pub files: Vec<SourceFile>,
    /// Values that a saved plan was made with: nothing overrules them, and whoever gives another one is told so.
    pub saved: BTreeMap<String, Value>,
}

/// How the name of an environment variable starts that gives a value.
const ENVIRONMENT: &str = "POSPOOL_VAR_";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum VariableType {
    Text,
    Number,
    Bool,
    Amount,
    Blocks,
    List,
    Map,
    Any,
}

impl VariableType {
    const NAMES: &[(&str, Self)] = &[
        ("text", Self::Text),
        ("number", Self::Number),
        ("bool", Self::Bool),
        ("amount", Self::Amount),
        ("blocks", Self::Blocks),
        ("list", Self::List),
        ("map", Self::Map),
        ("any", Self::Any),
    ];

    fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, ty)| *ty == self);
        named.map_or("any", |(name, _)| name)
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Text(_) => Self::Text,
            Value::Integer(_) => Self::Number,
            Value::Bool(_) => Self::Bool,
            Value::Amount(_) => Self::Amount,
            Value::Blocks(_) => Self::Blocks,
            Value::List(_) => Self::List,
            Value::Map(_) => Self::Map,
            _ => Self::Any,
        }
    }

    fn fits(self, value: &Value) -> bool {
        self == Self::Any || *value == Value::Unknown || Self::of(value) == self
    }

    fn example(self) -> &'static str {
        match self {
            Self::Number => "5",
            Self::Bool => "true",
            Self::Amount => "cfx(1000)",
            Self::Blocks => "blocks(100)",
            Self::List => "[\"a\", \"b\"]",
            Self::Map => "{ name = \"a\" }",
            Self::Text | Self::Any => "\"a\"",
        }
    }
}

/// What a `variable` block says.
#[derive(Default)]
struct VariableBlock {
    ty: Option<VariableType>,
    default: Option<Value>,
    span: Span,
}

/// A value that was given: a text with its origin, or a line of a file.
enum Given<'a> {
    Text(&'a str, &'a str),
    Value(Value, Span),
}

/// Finds the value of every variable.
pub(super) fn resolve_variables(
    config: &Config,
    kinds: &Kinds,
    declarations: &BTreeMap<String, Declaration>,
    inputs: &VariableInputs,
    problems: &mut Problems,
) -> BTreeMap<String, Value> {
    let constants = Constants { config, kinds };
    let variables: BTreeMap<&str, VariableBlock> = declarations
        .iter()
        .map(|(name, declaration)| (name.as_str(), constants.variable(declaration, problems)))
        .collect();
    let mut given = constants.given(&variables, inputs, problems);
    let mut values = BTreeMap::new();
    for (name, variable) in variables {
        let given = given.remove(name).map(|given| {
            let by = given.origin();
            (constants.take(name, &variable, given, problems), by)
        });
        let value = match (inputs.saved.get(name), given) {
            (Some(saved), given) => {
                if let Some((other, by)) = given.filter(|(other, _)| other != saved) {
                    refuse_other_value(name, &other, saved, &by, problems);
                }
                take_saved(name, &variable, saved, problems)
            }
            (None, Some((value, _))) => value,
            (None, None) => variable.default.unwrap_or_else(|| {
                problems.error_with_help(
                    spec::VARIABLE_WITHOUT_VALUE,
                    format!("variable `{name}` has no value"),
                    variable.span,
                    format!("run with `--var {name}=…`, set `{ENVIRONMENT}{name}`, or write `default = …`"),
                );
                Value::Unknown
            }),
        };
        values.insert(name.to_owned(), value);
    }
    values
}

impl Given<'_> {
    /// Where it comes from, in the words of a message.
    fn origin(&self) -> String {
        match self {
            Self::Text(_, origin) => (*origin).to_owned(),
            Self::Value(_, span) => span.file.clone(),
        }
    }
}

/// Refuses another value than a saved plan was made with: what the plan does is approved with its own.
fn refuse_other_value(name: &str, other: &Value, saved: &Value, by: &str, problems: &mut Problems) {
    if *other == Value::Unknown {
        // What is wrong with it was said.
        return;
    }
    let summary = format!(
        "`{by}` gives variable `{name}` the value {other}, and the plan was made with {saved}"
    );
    problems.push(Diagnostic::error(spec::SAVED_VARIABLE, summary).help(
        "leave it out: a saved plan keeps its values; for another value make a new plan with `pospool plan --out`",
    ));
}

/// The value of a saved plan. Its file may be anybody's, so it gets no further than a value of the command line would.
fn take_saved(
    name: &str,
    variable: &VariableBlock,
    saved: &Value,
    problems: &mut Problems,
) -> Value {
    let span = variable.span.clone();
    if !is_plain(saved) {
        let summary =
            format!("the saved plan gives variable `{name}` something that is no plain value");
        problems.error_with_help(
            spec::SAVED_VARIABLE,
            summary,
            span,
            "the file was not written by pospool: make a new plan with `pospool plan --out`",
        );
        return Value::Unknown;
    }
    fitting(name, variable, saved.clone(), span, problems)
}

/// Whether a value names nothing else: no secret, no resource, nothing that is known later.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::List(list) => list.iter().all(is_plain),
        Value::Map(map) => map.values().all(is_plain),
        Value::Null => true,
        other => VariableType::of(other) != VariableType::Any,
    }
}

fn fitting(
    name: &str,
    variable: &VariableBlock,
    value: Value,
    span: Span,
    problems: &mut Problems,
) -> Value {
    if let Some(ty) = variable.ty
        && !ty.fits(&value)
    {
        let summary = format!(
            "variable `{name}` is of type {}, and this is {}",
            ty.name(),
            describe_type(&value)
        );
        let help = format!("write it like `{}`", ty.example());
        problems.error_with_help(spec::WRONG_TYPE, summary, span, help);
        return Value::Unknown;
    }
    value
}

/// Evaluates expressions that may refer to nothing.
#[derive(Clone, Copy)]
struct Constants<'a> {
    config: &'a Config,
    kinds: &'a Kinds,
}

impl Constants<'_> {
    fn value(self, source: &SourceFile, expression: &Expression, problems: &mut Problems) -> Value {
        let before = problems.len();
        Walker::new(self.config, self.kinds, source, problems)
            .constant()
            .walk(expression);
        if problems.len() > before {
            return Value::Unknown;
        }
        let (wanted, outputs) = (BTreeMap::new(), BTreeMap::new());
        let locals = LocalValues::default();
        let scope = Scope {
            wanted: &wanted,
            outputs: &outputs,
            locals: &locals,
        };
        let mut evaluator = Evaluator::new(self.config, &scope, source);
        let value = evaluator.whole(expression);
        problems.extend(evaluator.problems);
        if let Some(problem) = resource::refuse_unfit_value(&value) {
            problems.push(problem.at(source.place(expression)));
            return Value::Unknown;
        }
        value
    }

    fn variable(self, declaration: &Declaration, problems: &mut Problems) -> VariableBlock {
        let mut variable = VariableBlock::default();
        let Some(file) = self.config.files.get(declaration.file) else {
            return variable;
        };
        let source = &file.source;
        variable.span = source.span(declaration.header.clone());
        let Some(block) = file
            .body
            .get(declaration.block)
            .and_then(Structure::as_block)
        else {
            return variable;
        };
        let mut default_span = Span::default();
        for (_, part) in
            declared_attributes(source, block, &["type", "default", "description"], problems)
        {
            match part.key.as_str() {
                "type" => variable.ty = type_of(source, &part.value, problems),
                "default" => {
                    default_span = source.place(&part.value);
                    variable.default = Some(self.value(source, &part.value, problems));
                }
                _ => {}
            }
        }
        if let Some(default) = variable.default.take() {
            let name = block.labels.first().map_or("", |label| label.as_str());
            variable.ty = variable.ty.or_else(|| match &default {
                Value::Unknown | Value::Null => None,
                known => Some(VariableType::of(known)),
            });
            let is_null = default == Value::Null;
            variable.default = Some(if is_null {
                default
            } else {
                fitting(name, &variable, default, default_span, problems)
            });
        }
        variable
    }

    /// The value that somebody gave.
    fn take(
        self,
        name: &str,
        variable: &VariableBlock,
        given: Given<'_>,
        problems: &mut Problems,
    ) -> Value {
        match given {
            Given::Text(text, origin) => self.read(name, variable, text, origin, problems),
            Given::Value(value, span) => fitting(name, variable, value, span, problems),
        }
    }

    fn given<'a>(
        self,
        variables: &BTreeMap<&str, VariableBlock>,
        inputs: &'a VariableInputs,
        problems: &mut Problems,
    ) -> BTreeMap<String, Given<'a>> {
        let mut given = BTreeMap::new();
        let (environment, line): (Vec<_>, Vec<_>) = inputs
            .assignments
            .iter()
            .partition(|(_, _, origin)| origin.starts_with(ENVIRONMENT));
        for (name, text, origin) in environment {
            if known(name, variables, Span::default(), origin, problems) {
                given.insert(name.clone(), Given::Text(text, origin));
            }
        }
        for file in &inputs.files {
            for (name, value, span) in self.file(file, variables, problems) {
                given.insert(name, Given::Value(value, span));
            }
        }
        for (name, text, origin) in line {
            if known(name, variables, Span::default(), origin, problems) {
                given.insert(name.clone(), Given::Text(text, origin));
            }
        }
        given
    }

    fn file(
        self,
        file: &SourceFile,
        variables: &BTreeMap<&str, VariableBlock>,
        problems: &mut Problems,
    ) -> Vec<(String, Value, Span)> {
        let file = match spec::parse_file(file) {
            Ok(file) => file,
            Err(problem) => {
                problems.push(problem);
                return Vec::new();
            }
        };
        let mut values = Vec::new();
        for structure in &file.body {
            match structure {
                Structure::Attribute(part) => {
                    let name = part.key.as_str();
                    let key = file.source.place(&part.key);
                    if known(name, variables, key, &file.source.name, problems) {
                        let value = self.value(&file.source, &part.value, problems);
                        values.push((name.to_owned(), value, file.source.place(&part.value)));
                    }
                }
                Structure::Block(block) => problems.error_with_help(
                    spec::UNKNOWN_BLOCK,
                    "a file of variables has no blocks",
                    file.source.place(&block.ident),
                    "write `name = value` on each line",
                ),
            }
        }
        values
    }

    /// Reads a text from outside the spec as the type of its variable.
    fn read(
        self,
        name: &str,
        variable: &VariableBlock,
        text: &str,
        origin: &str,
        problems: &mut Problems,
    ) -> Value {
        let ty = variable.ty.unwrap_or(VariableType::Text);
        if ty == VariableType::Text {
            return Value::Text(text.to_owned());
        }
        let source = SourceFile::new(origin, text);
        let mut found = Problems::default();
        let value = match spec::parse_expression(&source) {
            Ok(expression) => self.value(&source, &expression, &mut found),
            Err(problem) => {
                found.push(problem);
                Value::Unknown
            }
        };
        if found.len() == 0 && ty.fits(&value) {
            return value;
        }
        let span = source.span(0..text.len());
        let summary = format!(
            "`{origin}` gives variable `{name}` something that is not of type {}",
            ty.name()
        );
        let help = format!("write it like `{}`", ty.example());
        problems.error_with_help(spec::WRONG_TYPE, summary, span, help);
        Value::Unknown
    }
}

fn type_of(
    source: &SourceFile,
    expression: &Expression,
    problems: &mut Problems,
) -> Option<VariableType> {
    let written = expression.as_variable().map(hcl_edit::Ident::as_str);
    let found = VariableType::NAMES
        .iter()
        .find(|(name, _)| Some(*name) == written);
    if found.is_none() {
        let names: Vec<&str> = VariableType::NAMES.iter().map(|(name, _)| *name).collect();
        let help = match written {
            Some("string") => "did you mean `text`?".to_owned(),
            _ => format!("write one of {}, without quotes", names.join(", ")),
        };
        let place = source.place(expression);
        problems.error_with_help(
            spec::BAD_VARIABLE,
            "this is no type of a variable",
            place,
            help,
        );
    }
    found.map(|(_, ty)| *ty)
}

/// Whether a variable is declared; reports it if not.
fn known(
    name: &str,
    variables: &BTreeMap<&str, VariableBlock>,
    span: Span,
    origin: &str,
    problems: &mut Problems,
) -> bool {
    if variables.contains_key(name) {
        return true;
    }
    let help = problems
        .did_you_mean(name, variables.keys().copied(), ToOwned::to_owned)
        .unwrap_or_else(|| format!("declare it: `variable \"{name}\" {{ type = text }}`"));
    let summary = format!("`{origin}` sets `{name}`, and the spec has no such variable");
    let mut problem = Diagnostic::error(spec::UNDECLARED_VARIABLE, summary).help(help);
    if !span.file.is_empty() {
        problem = problem.at(span);
    }
    if origin.starts_with(ENVIRONMENT) {
        // The environment may hold values for another spec.
        problem.severity = Severity::Warning;
    }
    problems.push(problem);
    false
}
