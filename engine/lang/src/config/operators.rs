//! Operators on values.
//!
//! - Reads: the operands.
//! - Returns: the result, or why there is none.
//! - Never: rounds, wraps around or converts: money and numbers are exact or refused.

use hcl_edit::expr::{BinaryOperator, UnaryOperator};
use pospool_model::{Blocks, Code, Drip, Value};

use crate::spec;

/// Why an operator or a function has no result.
#[derive(Debug)]
pub(super) struct OperatorFault {
    pub(super) code: Code,
    pub(super) summary: String,
    pub(super) help: Option<String>,
    /// Which argument is to blame, if one is.
    pub(super) argument: Option<usize>,
}

impl OperatorFault {
    /// A fault of the whole operation.
    pub(super) fn new(code: Code, summary: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            help: None,
            argument: None,
        }
    }

    /// A fault of one argument.
    pub(super) fn argument(position: usize, summary: impl Into<String>) -> Self {
        Self {
            argument: Some(position),
            ..Self::new(spec::BAD_ARGUMENT, summary)
        }
    }

    /// Adds what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Applies `!` or `-`.
pub(super) fn apply_unary(operator: UnaryOperator, value: &Value) -> Result<Value, OperatorFault> {
    match (operator, value) {
        (_, Value::Unknown) => Ok(Value::Unknown),
        (UnaryOperator::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (UnaryOperator::Neg, Value::Integer(number)) => whole(number.checked_neg()),
        (operator, value) => {
            let summary = format!(
                "`{}` does not work on {}",
                operator.as_str(),
                describe_type(value)
            );
            Err(OperatorFault::new(spec::BAD_OPERAND, summary))
        }
    }
}

/// Applies an operator between two values.
pub(super) fn apply_binary(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Result<Value, OperatorFault> {
    if matches!(left, Value::Secret(_)) || matches!(right, Value::Secret(_)) {
        let summary = format!("`{}` cannot look into a secret", operator.as_str());
        return Err(OperatorFault::new(spec::SECRET_MISPLACED, summary));
    }
    match operator {
        BinaryOperator::And | BinaryOperator::Or => logic(operator, left, right),
        _ if *left == Value::Unknown || *right == Value::Unknown => Ok(Value::Unknown),
        BinaryOperator::Eq => equal(operator, left, right),
        BinaryOperator::NotEq => Ok(match equal(operator, left, right)? {
            Value::Bool(same) => Value::Bool(!same),
            other => other,
        }),
        BinaryOperator::Less
        | BinaryOperator::LessEq
        | BinaryOperator::Greater
        | BinaryOperator::GreaterEq => compare(operator, left, right),
        _ => arithmetic(operator, left, right),
    }
}

fn logic(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, OperatorFault> {
    // One known side can decide; then the other one need not be known.
    let deciding = Value::Bool(operator == BinaryOperator::Or);
    match (left, right) {
        (Value::Bool(_) | Value::Unknown, Value::Bool(_) | Value::Unknown) => {
            Ok(if *left == deciding || *right == deciding {
                deciding
            } else if *left == Value::Unknown || *right == Value::Unknown {
                Value::Unknown
            } else {
                Value::Bool(operator == BinaryOperator::And)
            })
        }
        _ => Err(mismatch(operator, left, right)),
    }
}

fn equal(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, OperatorFault> {
    let null = *left == Value::Null || *right == Value::Null;
    if !null && std::mem::discriminant(left) != std::mem::discriminant(right) {
        return Err(mismatch(operator, left, right));
    }
    if left.has_unknown() || right.has_unknown() {
        return Ok(Value::Unknown);
    }
    Ok(Value::Bool(left == right))
}

fn compare(operator: BinaryOperator, left: &Value, right: &Value) -> Result<Value, OperatorFault> {
    let order = match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Amount(left), Value::Amount(right)) => left.cmp(right),
        (Value::Blocks(left), Value::Blocks(right)) => left.cmp(right),
        _ => return Err(mismatch(operator, left, right)),
    };
    Ok(Value::Bool(match operator {
        BinaryOperator::Less => order.is_lt(),
        BinaryOperator::LessEq => order.is_le(),
        BinaryOperator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn arithmetic(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Result<Value, OperatorFault> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => integers(operator, *left, *right),
        (Value::Amount(left), Value::Amount(right)) => match operator {
            BinaryOperator::Plus => amount(left.checked_add(*right)),
            BinaryOperator::Minus => amount(left.checked_sub(*right)),
            _ => Err(without_unit(operator, "amounts")),
        },
        (Value::Blocks(left), Value::Blocks(right)) => match operator {
            BinaryOperator::Plus => blocks(left.0.checked_add(right.0)),
            BinaryOperator::Minus => blocks(left.0.checked_sub(right.0)),
            _ => Err(without_unit(operator, "numbers of blocks")),
        },
        (Value::Amount(unit), Value::Integer(times))
        | (Value::Integer(times), Value::Amount(unit))
            if operator == BinaryOperator::Mul =>
        {
            let times = u128::try_from(*times).ok();
            amount(times.and_then(|times| unit.0.checked_mul(times)).map(Drip))
        }
        (Value::Blocks(unit), Value::Integer(times))
        | (Value::Integer(times), Value::Blocks(unit))
            if operator == BinaryOperator::Mul =>
        {
            let times = u64::try_from(*times).ok();
            blocks(times.and_then(|times| unit.0.checked_mul(times)))
        }
        _ => Err(mismatch(operator, left, right)),
    }
}

fn integers(operator: BinaryOperator, left: i64, right: i64) -> Result<Value, OperatorFault> {
    match operator {
        BinaryOperator::Plus => whole(left.checked_add(right)),
        BinaryOperator::Minus => whole(left.checked_sub(right)),
        BinaryOperator::Mul => whole(left.checked_mul(right)),
        _ if right == 0 => Err(OperatorFault::new(spec::ARITHMETIC, "this divides by zero")),
        BinaryOperator::Mod => whole(left.checked_rem(right)),
        _ if left.checked_rem(right).is_some_and(|rest| rest != 0) => {
            let summary = format!("{left} / {right} is not a whole number");
            Err(OperatorFault::new(spec::ARITHMETIC, summary))
        }
        _ => whole(left.checked_div(right)),
    }
}

fn whole(number: Option<i64>) -> Result<Value, OperatorFault> {
    number
        .map(Value::Integer)
        .ok_or_else(|| OperatorFault::new(spec::ARITHMETIC, "the result does not fit in 64 bits"))
}

fn amount(drip: Option<Drip>) -> Result<Value, OperatorFault> {
    drip.map(Value::Amount)
        .ok_or_else(|| OperatorFault::new(spec::ARITHMETIC, "the amount is negative or too large"))
}

fn blocks(number: Option<u64>) -> Result<Value, OperatorFault> {
    number
        .map(|number| Value::Blocks(Blocks(number)))
        .ok_or_else(|| {
            OperatorFault::new(
                spec::ARITHMETIC,
                "the number of blocks is negative or too large",
            )
        })
}

fn without_unit(operator: BinaryOperator, what: &str) -> OperatorFault {
    let summary = format!("`{}` does not work between two {what}", operator.as_str());
    OperatorFault::new(spec::BAD_OPERAND, summary)
}

fn mismatch(operator: BinaryOperator, left: &Value, right: &Value) -> OperatorFault {
    let (operator, left, right) = (operator.as_str(), describe_type(left), describe_type(right));
    let fault = OperatorFault::new(
        spec::BAD_OPERAND,
        format!("`{operator}` does not work between {left} and {right}"),
    );
    if operator == "+" && (left == "text" || right == "text") {
        return fault.help("join text with `\"${a}${b}\"`");
    }
    fault
}

/// Names a value's type with its article.
pub(super) fn describe_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Integer(_) => "a whole number",
        Value::Text(_) => "text",
        Value::Amount(_) => "an amount",
        Value::Blocks(_) => "a number of blocks",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
        Value::Resource(_) => "a resource",
        Value::Secret(_) => "a secret",
        Value::Endpoint(_) => "an endpoint with a key",
        Value::Unknown => "a value that is not known yet",
    }
}
