//! The pages for people.

use pospool_explorer::ExplorerSpace;

use crate::chain::FakeChain;
use crate::client::{explorer, get, verify};
use crate::sources::small;

#[tokio::test]
async fn a_verified_contract_has_a_page_that_shows_its_source_as_text() {
    let chain = FakeChain::start().await;
    let explorer = explorer(&chain).await;
    let source = "pragma solidity ^0.8.4;\ncontract A { string public a = \"<script>\"; }";
    let contract = small("A", source);
    let address = chain.deploy(ExplorerSpace::Core, &contract.runtime, None);
    let at = |path: &str| format!("{}{path}", explorer.core_url());
    let page = at(&format!("/address/{address}"));
    assert_eq!(get(&page).await.unwrap().status, 404);
    verify(&explorer, ExplorerSpace::Core, &contract.form(&address)).await;

    let found = get(&page).await.unwrap();
    assert_eq!(found.status, 200);
    assert!(found.text.contains("exact_match"), "{}", found.text);
    assert!(found.text.contains("&lt;script&gt;") && !found.text.contains("<script>"));
    let list = get(&at("/")).await.unwrap();
    assert!(list.text.contains(&address), "{}", list.text);
    assert_eq!(get(&at("/nothing")).await.unwrap().status, 404);
}
