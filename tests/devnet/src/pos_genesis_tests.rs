//! The genesis files against bytes worked out by hand.

use super::*;

fn word_of(number: usize) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&(number as u64).to_be_bytes());
    word
}

/// Builds calldata the way a contract call is encoded; the proof is left out.
fn calldata(votes: usize) -> Vec<u8> {
    let mut data = REGISTER_SELECTOR.to_vec();
    data.extend([0xaa; 32]);
    data.extend(word_of(votes));
    data.extend(word_of(160));
    data.extend(word_of(160 + 32 + 64));
    data.extend(word_of(0));
    data.extend(word_of(BLS_LEN));
    data.extend([0xbb; 48]);
    data.extend([0; 16]);
    data.extend(word_of(VRF_LEN));
    data.extend([0xcc; 33]);
    data
}

#[test]
fn a_registration_is_read_back() {
    let validator = Validator::from_calldata(&calldata(60)).unwrap();
    assert_eq!(validator.pos_address, [0xaa; 32]);
    assert_eq!(validator.votes, 60);
    assert_eq!(validator.bls_key, [0xbb; 48]);
    assert_eq!(validator.vrf_key, [0xcc; 33]);
}

#[test]
fn a_broken_registration_is_refused() {
    let good = calldata(60);
    assert!(Validator::from_calldata(&good[1..]).is_err());
    for length in 0..good.len() {
        assert!(
            Validator::from_calldata(&good[..length]).is_err(),
            "{length} bytes"
        );
    }
    let mut huge = good;
    huge[4 + 64] = 0xff;
    assert!(Validator::from_calldata(&huge).is_err());
}

#[test]
fn the_genesis_file_has_the_known_layout() {
    let file = Validator::from_calldata(&calldata(60))
        .unwrap()
        .genesis_file();
    assert_eq!(file.len(), 184);
    assert_eq!(encode_hex(&file[..6]), "010000010028");
    assert_eq!(encode_hex(&file[6..14]), "0400000000000000");
    assert_eq!(
        encode_hex(&file[14..46]),
        format!("{}0a550c18", "00".repeat(28))
    );
    assert_eq!(encode_hex(&file[46..50]), "88010001");
    assert_eq!(file[50..82], [0xaa; 32]);
    assert_eq!(file[82..90], 60_u64.to_le_bytes());
    assert_eq!(file[90], 0x30);
    assert_eq!(file[91..139], [0xbb; 48]);
    assert_eq!(encode_hex(&file[139..141]), "0121");
    assert_eq!(file[141..174], [0xcc; 33]);
    assert_eq!(file[174..], [0; 10]);
}

#[test]
fn a_committee_never_has_more_than_300_seats() {
    let validator = Validator::from_calldata(&calldata(2000)).unwrap();
    assert_eq!(validator.genesis_file()[82..90], 300_u64.to_le_bytes());
    let nodes = validator.initial_nodes(&[0x11; 20], 1234);
    assert_eq!(nodes["initial_committee"][0][1], 300);
    assert_eq!(nodes["initial_nodes"][0]["voting_power"], 2000);
    assert_eq!(nodes["initial_nodes"][0]["register_tx"]["chain_id"], 1234);
}

#[test]
fn lengths_above_127_take_two_bytes() {
    let mut text = Bcs::default();
    text.len(0).len(127).len(128).len(300);
    assert_eq!(text.0, [0, 127, 0x80, 1, 0xac, 2]);
}
