//! JSON Schemas of the types whose JSON form is written by hand.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Address, Dependency, GroupId, SecretRef, Value};

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Name of a resource: its kind, a dot, its label.",
            "type": "string",
            "pattern": "^[a-z][a-z0-9_]{0,63}\\.[a-z][a-z0-9_]{0,63}$"
        })
    }
}

impl JsonSchema for GroupId {
    fn schema_name() -> Cow<'static, str> {
        "GroupId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Name of a group of resources: a digest of what is in it.",
            "type": "string",
            "pattern": "^group:[0-9a-f]{32}$"
        })
    }
}

impl JsonSchema for Dependency {
    fn schema_name() -> Cow<'static, str> {
        "Dependency".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let address = generator.subschema_for::<Address>();
        let group = generator.subschema_for::<GroupId>();
        json_schema!({
            "description": "What a resource uses: another one, or all in a group.",
            "anyOf": [address, group]
        })
    }
}

impl JsonSchema for SecretRef {
    fn schema_name() -> Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a secret comes from; never the secret.",
            "type": "string",
            "pattern": "^(env|file):.+$"
        })
    }
}

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Value>();
        let address = generator.subschema_for::<Address>();
        let secret = generator.subschema_for::<SecretRef>();
        let tagged = |tag: &str, content: Schema| {
            json_schema!({
                "type": "object",
                "properties": { tag: content },
                "required": [tag],
                "additionalProperties": false
            })
        };
        json_schema!({
            "description": "A value: itself in JSON, or an object with one key that starts with `$`.",
            "anyOf": [
                { "type": ["null", "boolean", "integer", "string"] },
                { "type": "array", "items": value },
                tagged("$drip", json_schema!({ "type": "string", "pattern": "^[0-9]+$" })),
                tagged("$blocks", json_schema!({ "type": "integer", "minimum": 0 })),
                tagged("$resource", address),
                tagged("$secret", secret),
                tagged("$unknown", json_schema!({ "const": true })),
                {
                    "type": "object",
                    "propertyNames": { "not": { "pattern": "^\\$" } },
                    "additionalProperties": value
                }
            ]
        })
    }
}
