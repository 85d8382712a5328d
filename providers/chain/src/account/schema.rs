//! `account` as a table.

use pospool_model::{OutputSchema, kind};

use crate::rows::CHAIN_TEXT;

kind! {
    /// An `account` block.
    pub(crate) struct AccountSpec;
    /// The kind as a table.
    pub(crate) const ACCOUNT = "account", Given, "A key that signs and pays. The key is named here and read only at the moment of use: a plan needs the addresses alone, which are \
         written here, or known from the last apply.";
    attributes {
        private_key: Secret, Optional, Ignore, "64 hex digits, with or without `0x`: `env(\"NAME\")` or `file(\"PATH\")`. Without it, and without `keystore`, the account signs nothing here.";
        keystore: Secret, Optional, Ignore, "An Ethereum keystore (version 3, with scrypt or PBKDF2) in place of `private_key`: `file(\"PATH\")` or `env(\"NAME\")`. It is encrypted, so others may read the file.";
        password: Secret, Optional, Ignore, "What opens the keystore: `env(\"NAME\")`, or `file(\"PATH\")` that nobody else can read.";
        address: Text, Optional, Ignore, "Core Space address in base32. Default: that of `espace_address`, or of the key.";
        espace_address: Text, Optional, Ignore, "eSpace address of the same key, in hex: another account with its own money. The one of Core Space follows from it, and not it from that one. Default: that of the key.";
        chain: Reference["chain"], Implied, Refuse, CHAIN_TEXT;
    }
    outputs: &[
        OutputSchema::new("address", "Core Space address in base32."),
        OutputSchema::new(
            "espace_address",
            "eSpace address of the same key, in hex: another account with its own money.",
        ),
        OutputSchema::new("balance", "Balance in Core Space."),
    ],
    identity: Some("address"),
    example: r#"account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}"#,
}
