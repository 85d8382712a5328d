//! Names that are never given twice: of lineages, of versions of a state, of journals and of locks.

/// A random name of 128 bits.
///
/// # Panics
/// If the operating system gives no random bytes, as it must.
#[must_use]
pub fn random_name() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    format!("{:032x}", u128::from_be_bytes(bytes))
}
