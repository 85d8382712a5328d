//! Every code about keys and bundles, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    BAD_IDENTITY = "key/bad-identity",
        "The secret given as an identity holds no line that begins with `AGE-SECRET-KEY-1`, so it opens no bundle.",
        "Name the file or variable that holds the identity with `--identity`; `pospool key identity` makes a new one.";
    BAD_RECIPIENT = "key/bad-recipient",
        "A recipient of a bundle is not the public name of an age identity, or nobody is named who could open it.",
        "Write `--recipient age1…` as `pospool key identity` or `age-keygen` printed it, or lock the bundle with `--passphrase`.";
    DAMAGED = "key/damaged",
        "The bundle was cut or changed, or it holds something that no bundle holds, so nothing of it is used.",
        "Use another copy of the bundle. If there is none and the node still runs, make a new one with `pospool key backup`.";
    NEWER_FORM = "key/newer-form",
        "The bundle was made by a newer pospool than this one.",
        "Use that version; `pospool version` shows this one.";
    NO_RANDOM = "key/no-random",
        "The system gives no random numbers, so nothing can be encrypted.",
        "Look at the machine: Linux gives them from the moment that it has started.";
    NO_OPENER = "key/no-opener",
        "The command opens a bundle, and neither an identity nor a passphrase was named.",
        "Add `--identity file:PATH` or `--passphrase env:NAME`; `pospool key inspect FILE` says which of the two opens it.";
    NO_SECRET = "key/no-secret",
        "A secret of the command cannot be read, or it is not named in one of the forms that a secret can have.",
        "Name it as `env:NAME` (an environment variable) or `file:PATH`; it is never an argument itself. Then set or make readable what the message names.";
    NOT_A_BUNDLE = "key/not-a-bundle",
        "The file is no age file, or larger than any bundle.",
        "Name the file that `pospool key backup` wrote.";
    OTHER_KEY = "key/other-key",
        "A PoS key is another one than the one that it should be: the recorded, the registered, or the one on the volume.",
        "Use the bundle or file of that key. A key is never put over another one: take an empty volume, or move the other key away by hand.";
    OTHER_POOL = "key/other-pool",
        "The bundle belongs to another pool than this project: another state made it, or its chain is another one.",
        "Run the command in the folder of that pool, with its spec and state.";
    POS_KEY_DAMAGED = "key/pos-key-damaged",
        "A file is not a PoS key as conflux writes it (`pos_config/pos_key`), or it was changed.",
        "Use another copy of the file. Never delete one that you cannot read before you have another.";
    SAFETY_FILE = "key/safety-file",
        "A safety file (`pos_db/secure_storage.json`) cannot be read, or belongs to another key.",
        "Bring the one that lay beside the key, or none: the node then waits for a whole PoS epoch all the same.";
    WRONG_LOCK = "key/wrong-lock",
        "The bundle is locked with a passphrase and an identity was given, or the other way round.",
        "`pospool key inspect FILE` says which of the two opens it: `--identity` or `--passphrase`.";
    WRONG_PASSPHRASE = "key/wrong-passphrase",
        "The passphrase does not open the bundle, or it asks for more work than is given.",
        "Give the one that it was locked with. Without it, and without another recipient, nobody can open it.";
    WRONG_PASSWORD = "key/wrong-password",
        "The password does not open the PoS key: it is another one, or the file of the key was changed.",
        "Give the password with which the node was started first. A node whose password is wrong would not start either.";
    WRONG_RECIPIENT = "key/wrong-recipient",
        "The identity is none of the recipients of the bundle.",
        "Give the secret half of a recipient that `pospool key backup` named.";
}
