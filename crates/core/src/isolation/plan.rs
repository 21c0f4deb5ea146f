//! Who tries whom: every pair of tenants where there are few, a seeded sample where there are many.
//!
//! Owns: nothing. Calls: nothing. Called by: isolation.
//! Invariants: everybody tries and is tried equally often, whatever the seed (`everybody_tries_and_is_tried`); below the bound every pair is tried
//! (`below_the_bound_every_pair_is_tried`); one tenant alone is tried by each of its peers, and tries it (`one_tenant_meets_its_peers_once_each`); the same seed tries the same (`a_seed_repeats`). After a crash: nothing is left.

use sha2::{Digest, Sha256};
use tenantry_types::TenantId;

/// Pairs that are all tried. Above, each tenant tries as many others as keep the sum near this, and two at least.
pub(super) const PAIRS: usize = 2_000;

/// Others whom a tenant that a proof is about tries, and by whom it is tried.
pub(super) const PEERS: usize = 500;

/// How many others each of `tenants` tries.
pub(super) fn reach(tenants: usize) -> usize {
    let others = tenants.saturating_sub(1);
    if tenants * others <= PAIRS { others } else { (PAIRS / tenants).clamp(2, others) }
}

/// The tenants as a ring: each tries those that follow.
pub(super) fn ring<T>(mut tenants: Vec<T>, seed: i64, id: impl Fn(&T) -> TenantId) -> Vec<T> {
    tenants.sort_by_cached_key(|tenant| -> [u8; 32] {
        Sha256::new().chain_update(seed.to_be_bytes()).chain_update(id(tenant).0.as_bytes()).finalize().into()
    });
    tenants
}

/// Places in the ring of whom the one at `place` tries.
pub(super) fn tried_by(place: usize, tenants: usize) -> impl Iterator<Item = usize> {
    after(place, reach(tenants), tenants)
}

/// Places of the peers of the one tenant that a proof is about.
pub(super) fn peers(place: usize, tenants: usize) -> impl Iterator<Item = usize> {
    after(place, PEERS.min(tenants.saturating_sub(1)), tenants)
}

fn after(place: usize, count: usize, tenants: usize) -> impl Iterator<Item = usize> {
    (1..=count).map(move |step| (place + step) % tenants)
}

/// Whether some are left out.
pub(super) fn sampled(one: bool, tenants: usize) -> bool {
    tenants > 1 + if one { PEERS } else { reach(tenants) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn tenants(count: usize) -> Vec<TenantId> {
        (0..count).map(|n| TenantId(Uuid::from_u128(n as u128))).collect()
    }

    proptest! {
        #[test]
        fn everybody_tries_and_is_tried(count in 2_usize..3_000) {
            let mut tried = vec![0; count];
            for place in 0..count {
                for other in tried_by(place, count) {
                    prop_assert_ne!(place, other);
                    tried[other] += 1;
                }
            }
            prop_assert!(tried.iter().all(|times| *times == reach(count)));
        }
    }

    #[test]
    fn below_the_bound_every_pair_is_tried() {
        assert_eq!((reach(0), reach(1), reach(2), reach(45), reach(46)), (0, 0, 1, 44, 43));
        assert_eq!((reach(1_000), reach(5_000)), (2, 2));
        let pairs: BTreeSet<_> =
            (0..45).flat_map(|place| tried_by(place, 45).map(move |other| (place, other))).collect();
        assert_eq!(pairs.len(), 45 * 44);
    }

    #[test]
    fn one_tenant_meets_its_peers_once_each() {
        for count in [1, 2, 501, 502, 3_000] {
            let met: BTreeSet<_> = peers(count - 1, count).collect();
            assert_eq!(met.len(), PEERS.min(count - 1));
            assert!(!met.contains(&(count - 1)));
        }
        assert_eq!([1, 501, 502].map(|count| sampled(true, count)), [false, false, true]);
        assert_eq!([0, 1, 45, 46].map(|count| sampled(false, count)), [false, false, false, true]);
    }

    #[test]
    fn a_seed_repeats() {
        let order = |seed| ring(tenants(50), seed, |id| *id);
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }
}
