use argon2::{Algorithm, Argon2, Params, Version};
use proptest::prelude::*;

use super::*;

/// What is computed, and the pauses that were made.
fn ours(password: &[u8], salt: &[u8], costs: Costs) -> ([u8; OUTPUT], usize) {
    let mut pauses = 0;
    // What another hash left in memory makes no difference.
    let mut memory = vec![Block::from_octets(&[7; block::OCTETS]); 300];
    let output = argon2id(password, salt, costs, &mut memory, || pauses += 1).unwrap();
    (output, pauses)
}

fn octets(hexadecimal: &str) -> Vec<u8> {
    let (pairs, _) = hexadecimal.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

proptest! {
    #[test]
    fn it_is_what_the_library_computes(
        password in prop::collection::vec(any::<u8>(), 0..100),
        salt in prop::collection::vec(any::<u8>(), 8..64),
        lanes in 1_u32..5,
        more in 0_u32..2000,
        passes in 1_u32..4,
    ) {
        let costs = Costs { memory_kib: lanes * 8 + more, passes, lanes };
        let params = Params::new(costs.memory_kib, passes, lanes, Some(OUTPUT)).unwrap();
        let mut theirs = [0; OUTPUT];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&password, &salt, &mut theirs)
            .unwrap();
        prop_assert_eq!(ours(&password, &salt, costs).0, theirs);
    }
}

#[test]
fn it_has_the_figures_of_the_reference_implementation() {
    for (memory_kib, lanes, expected) in [
        (256, 1, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
        (256, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        (65_536, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
    ] {
        let costs = Costs { memory_kib, passes: 2, lanes };
        assert_eq!(ours(b"password", b"somesalt", costs).0.as_slice(), octets(expected), "{costs:?}");
    }
}

#[test]
fn it_pauses_after_every_piece() {
    // 19,456 blocks: a segment has 4,864, which are five pieces.
    let costs = Costs { memory_kib: 19_456, passes: 2, lanes: 1 };
    assert_eq!(ours(b"password", b"somesalt", costs).1, 2 * SLICES * 5);
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let costs = Costs { memory_kib: 8, passes: 1, lanes: 1 };
    let with = |costs, salt: &[u8]| argon2id(b"password", salt, costs, &mut Vec::new(), || ()).map(|_| ());
    assert_eq!(with(costs, b"somesalt"), Ok(()));
    for wrong in [
        Costs { memory_kib: 7, ..costs },
        Costs { memory_kib: 15, lanes: 2, ..costs },
        Costs { passes: 0, ..costs },
        Costs { lanes: 0, ..costs },
        Costs { lanes: u32::MAX, memory_kib: u32::MAX, ..costs },
    ] {
        assert_eq!(with(wrong, b"somesalt"), Err(Refused::Costs), "{wrong:?}");
    }
    assert_eq!(with(costs, b"7 only."), Err(Refused::Length));
}
