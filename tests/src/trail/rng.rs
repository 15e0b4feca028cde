//! A small seeded generator of random numbers: the same seed gives the same sequence everywhere.

use std::ops::RangeInclusive;

/// Letters and digits, as in the unique part of a log file's name.
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Capital letters and digits, as in access key IDs and S3 request IDs.
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8] = b"0123456789abcdef";

/// `SplitMix64`.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Returns a separate generator for each generated thing, so that neither the order of
    /// generation nor other things change it.
    pub fn for_subject(seed: u64, subject: &str) -> Self {
        let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in subject.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(state)
    }

    /// Returns the next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in the range, both ends included.
    pub fn within(&mut self, range: &RangeInclusive<u32>) -> u32 {
        let (low, high) = (u64::from(*range.start()), u64::from(*range.end()));
        assert!(low <= high, "empty range {range:?}");
        let value = low + self.next() % (high - low + 1);
        u32::try_from(value).expect("no greater than the range's end")
    }

    /// Returns true with a chance of one in `n`.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    /// Returns one of the choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = u64::try_from(choices.len()).expect("a short list");
        let index = usize::try_from(self.next() % count).expect("within the list");
        &choices[index]
    }

    /// Puts items into a random order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let choices = u64::try_from(last + 1).expect("a short list");
            let other = usize::try_from(self.next() % choices).expect("within the list");
            things.swap(last, other);
        }
    }

    fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count)
            .map(|_| char::from(*self.pick(alphabet)))
            .collect()
    }

    pub(crate) fn alphanumeric(&mut self, count: usize) -> String {
        self.letters(ALPHANUMERIC, count)
    }

    pub(crate) fn capitals(&mut self, count: usize) -> String {
        self.letters(CAPITALS, count)
    }

    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.letters(HEX, count)
    }

    /// Returns a version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        format!(
            "{}-{}-4{}-{}{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.pick(&['8', '9', 'a', 'b']),
            self.hex(3),
            self.hex(12)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_splitmix64() {
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn each_name_has_its_own_sequence() {
        let first = Rng::for_subject(1, "a").next();
        assert_eq!(first, Rng::for_subject(1, "a").next());
        assert_ne!(first, Rng::for_subject(1, "b").next());
        assert_ne!(first, Rng::for_subject(2, "a").next());
    }

    #[test]
    fn a_range_includes_both_ends() {
        let mut rng = Rng(7);
        let mut seen: Vec<u32> = (0..100).map(|_| rng.within(&(3..=5))).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [3, 4, 5]);
    }
}
