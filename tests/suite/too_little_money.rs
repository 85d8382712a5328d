//! Case no-total: an account with too little money hears once what the whole plan may need.

use pospool_cli::exit::Exit;

use crate::example_world::{ExampleWorld, operator, spec_of};

const CFX: u128 = 1_000_000_000_000_000_000;

/// The sum that a message names after some words, in drip.
fn drip_after(text: &str, words: &str) -> u128 {
    let rest = text.split_once(words).unwrap().1;
    let number = rest.split_whitespace().next().unwrap().replace(',', "");
    let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
    format!("{whole}{part:0<18}").parse().unwrap()
}

#[test]
fn case_no_total_the_whole_sum_is_named_at_once_and_is_enough() {
    let pool = ExampleWorld::new("both-spaces", 1, spec_of("both-spaces"));
    let set = |drip| pool.world.chain.set_balance(operator(), drip);
    set(CFX);
    let run = pool.run(&["plan"]);
    let said = format!("{}{}", run.out, run.err);
    let needed = drip_after(&said, "has 1 CFX and may need ");
    for part in [
        "stake 1,000 CFX",
        "for eSpace 50 CFX",
        "storage collateral ",
        "gas ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let missing = drip_after(&said, "send at least ");
    assert_eq!(needed - CFX, missing, "{said}");
    // What would be paid in eSpace with the money that is missing here is no sum of its own.
    assert!(!said.contains("in eSpace and may need"), "{said}");
    assert_eq!(run.err.matches("send at least ").count(), 1, "{}", run.err);
    // With a drip less it is still too little, and with that sum it is enough for everything.
    set(needed - 1);
    let run = pool.run(&["plan"]);
    assert!(run.err.contains("chain/not-enough-balance"), "{}", run.err);
    set(needed);
    let before = pool.world.chain.handed_in().len();
    pool.ends(&["apply", "--auto-approve"], Exit::Done);
    assert!(pool.world.chain.handed_in().len() > before);
}
