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

/// A value that was given.
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
        let value = match given.remove(name) {
            Some(Given::Text(text, origin)) => constants.read(name, &variable, text, origin, problems),
            Some(Given::Value(value, span)) => fitting(name, &variable, value, span, problems),
            None => variable.default.unwrap_or_else(|| {
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
