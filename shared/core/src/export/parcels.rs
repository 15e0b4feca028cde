//! Items, split into as few requests as their limits allow.

/// Splits items, in their order, into parcels of at most `max_items` items and `max_bytes` bytes.
/// An item that is larger is alone in its parcel.
#[must_use]
pub fn parcels<T>(
    items: Vec<T>,
    size: impl Fn(&T) -> usize,
    max_items: usize,
    max_bytes: usize,
) -> Vec<Vec<T>> {
    let mut parcels: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0_usize;
    for item in items {
        let more = size(&item);
        let total = bytes.saturating_add(more);
        match parcels.last_mut() {
            Some(parcel) if parcel.len() < max_items && total <= max_bytes => {
                parcel.push(item);
                bytes = total;
            }
            _ => {
                parcels.push(vec![item]);
                bytes = more;
            }
        }
    }
    parcels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_item_is_lost_and_no_parcel_exceeds_a_limit(
            sizes in proptest::collection::vec(0_usize..300, 0..60),
            max_items in 1_usize..12,
            max_bytes in 1_usize..400,
        ) {
            let parcels = parcels(sizes.clone(), |size| *size, max_items, max_bytes);
            prop_assert_eq!(parcels.concat(), sizes);
            for parcel in &parcels {
                let total: usize = parcel.iter().sum();
                prop_assert!(!parcel.is_empty() && parcel.len() <= max_items);
                prop_assert!(total <= max_bytes || parcel.len() == 1);
            }
            for pair in parcels.windows(2) {
                let total: usize = pair[0].iter().sum::<usize>() + pair[1][0];
                prop_assert!(pair[0].len() == max_items || total > max_bytes);
            }
        }
    }
}
