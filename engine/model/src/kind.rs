//! A kind in one place: [`kind!`](crate::kind!) makes its table, its type and its decoder from the same rows.
//!
//! ```
//! use pospool_model::{Attributes, Value, kind};
//!
//! kind! {
//!     /// A `bell` block.
//!     pub struct BellSpec;
//!     /// The kind as a table.
//!     pub const BELL = "bell", Managed, "Something that rings.";
//!     attributes {
//!         tone: Text, Required, Update, "Name of its tone.";
//!         tower: Reference["tower"], Implied, Refuse, "Where it hangs.";
//!         strokes: Integer, Optional, Ignore, "How often it rings. Default: 1.";
//!     }
//!     outputs: &[],
//!     identity: Some("tone"),
//! }
//!
//! let block = Attributes::from([("tone".to_owned(), Value::from("a"))]);
//! let bell = BellSpec::read(&block);
//! assert_eq!(bell.tone.known(), Some("a"));
//! assert!(bell.strokes.is_absent());
//! assert_eq!(BELL.attributes.len(), 3);
//! ```
//!
//! A row is the attribute's name, its [`Type`](crate::Type), its [`Presence`](crate::Presence), what a new value means
//! ([`OnChange`](crate::OnChange)), and its text. What follows the rows are fields of [`KindSchema`](crate::KindSchema).

use crate::{Address, Attributes, Blocks, Drip, SecretRef, Value};

/// One attribute of a block, as its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attribute<T> {
    /// It is not written, or holds nothing.
    #[default]
    Absent,
    /// It is known only after an earlier step of the plan.
    Unknown,
    /// It holds this.
    Known(T),
}

impl<T: Copy> Attribute<T> {
    /// What it holds, if that is known.
    #[must_use]
    pub const fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether it is not written.
    #[must_use]
    pub const fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> Attribute<T> {
    /// Takes one attribute of a block. The engine has compared the spec with the kind's table; what a record or a label
    /// holds in another type counts as not written, so that it differs from what is wanted.
    #[must_use]
    pub fn read<'a>(attributes: &'a Attributes, name: &str) -> Self
    where
        T: FromValue<'a>,
    {
        match attributes.get(name) {
            None | Some(Value::Null) => Self::Absent,
            Some(Value::Unknown) => Self::Unknown,
            Some(value) => T::from_value(value).map_or(Self::Absent, Self::Known),
        }
    }
}

/// A type that an attribute may have.
pub trait FromValue<'a>: Sized {
    /// Takes a value that is one.
    fn from_value(value: &'a Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $pattern:pat => $taken:expr;)*) => {$(
        impl<'a> FromValue<'a> for $type {
            fn from_value(value: &'a Value) -> Option<Self> {
                match value {
                    $pattern => Some($taken),
                    _ => None,
                }
            }
        }
    )*};
}

from_value! {
    bool: Value::Bool(it) => *it;
    i64: Value::Integer(it) => *it;
    Drip: Value::Amount(it) => *it;
    Blocks: Value::Blocks(it) => *it;
    &'a str: Value::Text(it) => it;
    &'a SecretRef: Value::Secret(it) => it;
    &'a Address: Value::Resource(it) => it;
    &'a [Value]: Value::List(it) => it;
    &'a Attributes: Value::Map(it) => it;
}

impl<'a> FromValue<'a> for &'a Value {
    fn from_value(value: &'a Value) -> Option<Self> {
        Some(value)
    }
}

/// Makes the table of a kind, a type of its blocks, and a function that reads one; see [`kind`](mod@crate::kind). Without a type
/// it makes the table alone, for a kind that is read as another one.
#[macro_export]
macro_rules! kind {
    (
        $(#[$about_type:meta])*
        $type_visibility:vis struct $type:ident;
        $(#[$about_table:meta])*
        $table_visibility:vis const $table:ident = $kind:literal, $role:ident, $doc:expr;
        attributes { $(
            $name:ident: $ty:ident $([$($of:tt),+])?, $presence:ident, $change:ident, $text:expr;
        )* }
        $($field:ident: $value:expr,)*
    ) => {
        $(#[$about_type])*
        #[derive(Clone, Copy, Debug)]
        // Some attributes are only compared, and their values read by nobody.
        #[allow(dead_code, missing_docs)]
        $type_visibility struct $type<'a> {
            $($type_visibility $name: $crate::kind::Attribute<$crate::kind!(@rust $ty)>,)*
        }

        impl<'a> $type<'a> {
            /// Reads a block.
            #[must_use]
            #[allow(dead_code)]
            $type_visibility fn read(attributes: &'a $crate::Attributes) -> Self {
                Self { $($name: $crate::kind::Attribute::read(attributes, stringify!($name)),)* }
            }
        }

        $crate::kind! {
            $(#[$about_table])*
            $table_visibility const $table = $kind, $role, $doc;
            attributes { $(
                $name: $ty $([$($of),+])?, $presence, $change, $text;
            )* }
            $($field: $value,)*
        }
    };
    (
        $(#[$about_table:meta])*
        $table_visibility:vis const $table:ident = $kind:literal, $role:ident, $doc:expr;
        attributes { $(
            $name:ident: $ty:ident $([$($of:tt),+])?, $presence:ident, $change:ident, $text:expr;
        )* }
        $($field:ident: $value:expr,)*
    ) => {
        $(#[$about_table])*
        $table_visibility const $table: $crate::KindSchema = $crate::KindSchema {
            kind: $kind,
            doc: $doc,
            role: $crate::Role::$role,
            attributes: &[$($crate::AttributeSchema::new(
                stringify!($name),
                $crate::kind!(@type $ty $([$($of),+])?),
                $crate::Presence::$presence,
                $crate::OnChange::$change,
                $text,
            ),)*],
            $($field: $value,)*
            ..$crate::KindSchema::EMPTY
        };
    };
    (@rust Bool) => { bool };
    (@rust Integer) => { i64 };
    (@rust Text) => { &'a str };
    (@rust Amount) => { $crate::Drip };
    (@rust Blocks) => { $crate::Blocks };
    (@rust Secret) => { &'a $crate::SecretRef };
    (@rust Reference) => { &'a $crate::Address };
    (@rust References) => { &'a [$crate::Value] };
    (@rust List) => { &'a [$crate::Value] };
    (@rust Settings) => { &'a $crate::Attributes };
    (@rust Any) => { &'a $crate::Value };
    (@type Reference[$($of:tt),+]) => { $crate::Type::Reference(&[$($of),+]) };
    (@type References[$($of:tt),+]) => { $crate::Type::List(&$crate::Type::Reference(&[$($of),+])) };
    (@type List[$of:ident]) => { $crate::Type::List(&$crate::Type::$of) };
    (@type $plain:ident) => { $crate::Type::$plain };
}

#[cfg(test)]
mod tests {
    use super::*;

    kind! {
        /// A `bell` block.
        struct BellSpec;
        const BELL = "bell", Managed, "It rings.";
        attributes {
            tone: Text, Required, Update, "Its tone.";
            towers: References["tower", "wall"], Optional, Refuse, "Where it may hang.";
            words: List[Text], Optional, Ignore, "What is said.";
        }
        identity: Some("tone"),
    }

    fn block(pairs: &[(&str, Value)]) -> Attributes {
        let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn rows_become_a_table() {
        let types: Vec<_> = BELL.attributes.iter().map(|row| row.ty).collect();
        assert_eq!(
            types,
            [
                crate::Type::Text,
                crate::Type::List(&crate::Type::Reference(&["tower", "wall"])),
                crate::Type::List(&crate::Type::Text),
            ]
        );
        assert_eq!(BELL.attributes[0].presence, crate::Presence::Required);
        assert_eq!(BELL.identity, Some("tone"));
    }

    #[test]
    fn a_value_is_known_unknown_or_not_there() {
        let tone = |pairs: &[(&str, Value)]| format!("{:?}", BellSpec::read(&block(pairs)).tone);
        assert_eq!(tone(&[("tone", Value::from("a"))]), "Known(\"a\")");
        assert_eq!(tone(&[("tone", Value::Unknown)]), "Unknown");
        assert_eq!(tone(&[("tone", Value::Null)]), "Absent");
        assert_eq!(tone(&[]), "Absent");
    }

    #[test]
    fn what_has_another_type_counts_as_not_written() {
        let bell = block(&[
            ("tone", Value::Integer(1)),
            ("words", Value::List(Vec::new())),
        ]);
        let bell = BellSpec::read(&bell);
        assert!(bell.tone.is_absent());
        assert_eq!(bell.words.known(), Some(&[][..]));
    }
}
