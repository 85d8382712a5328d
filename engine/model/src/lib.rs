//! Words that every part of pospool shares: names, values, schemas, and the one plug for providers.
//!
//! - Reads: nothing.
//! - Returns: plain data types, and the [`Provider`] trait.
//! - Never: does I/O (but for [`secret::SecretRef::read`], which a provider calls), logs, or reads a clock.

pub mod address;
pub mod code;
pub mod codes;
pub mod dependency;
pub mod diagnostic;
pub mod endpoint;
pub mod finding;
pub mod guard;
pub mod hex;
#[cfg(feature = "schema")]
mod json_schema;
pub mod kind;
pub mod own_node;
pub mod plan;
pub mod provider;
pub mod safety;
pub mod schema;
pub mod secret;
pub mod shown;
pub mod state;
pub mod status;
pub mod units;
pub mod value;

pub use address::{Address, AddressError};
pub use code::Code;
pub use dependency::{Dependency, GroupId, Groups};
pub use diagnostic::{Diagnostic, Problem, Severity, Span};
pub use endpoint::{Endpoint, EndpointError};
pub use finding::{Finding, FindingKind};
pub use own_node::OwnNode;
pub use provider::{Provider, ProviderError};
pub use schema::{AttributeSchema, KindSchema, OnChange, OutputSchema, Presence, Role, Type};
pub use secret::{CredentialName, Secret, SecretError, SecretRef};
pub use units::{Blocks, Drip, group_digits};
pub use value::{Attributes, Value};
