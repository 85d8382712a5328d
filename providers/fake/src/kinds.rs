//! The fake's kind as a table.

use pospool_model::{AttributeSchema, KindSchema, OnChange, OutputSchema, Presence, Role, Type};

const fn attribute(name: &'static str, ty: Type, on_change: OnChange) -> AttributeSchema {
    AttributeSchema::new(name, ty, Presence::Optional, on_change, "For tests.")
}

/// One thing in the fake outside.
pub(crate) const THING: KindSchema = KindSchema {
    kind: "thing",
    doc: "Something in the memory of a test.",
    role: Role::Managed,
    attributes: &[
        attribute("value", Type::Any, OnChange::Update),
        attribute("state", Type::Text, OnChange::Update),
        attribute("shape", Type::Text, OnChange::Replace),
        attribute("fixed", Type::Text, OnChange::Refuse),
        attribute("settings", Type::Settings, OnChange::Update),
        attribute(
            "uses",
            Type::List(&Type::Reference(&["thing"])),
            OnChange::Ignore,
        ),
    ],
    outputs: &[
        OutputSchema::new("id", "Its name outside."),
        OutputSchema::new("made", "How often it was made or changed."),
    ],
    open_outputs: false,
    identity: Some("id"),
    irreversible: None,
    example: "thing \"a\" {\n  value = 1\n}\n",
};
