//! Random choices that are the same in every import with the same seed.

/// The dice of an import. A result depends on the seed, the kind of choice and its subject, never on earlier results.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The random number of the choice `what` for the subject `whom`.
    pub fn throw(self, what: &str, whom: &str) -> u64 {
        let bytes = what.bytes().chain([0xff]).chain(whom.bytes());
        // FNV-1a over the names, then the finalizer of SplitMix64. Unlike a library's generator, it never changes.
        let named = bytes.fold(0xcbf2_9ce4_8422_2325 ^ self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mixed = (named ^ (named >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `sides` − 1. `sides` is at least 1.
    pub fn below(self, sides: u64, what: &str, whom: &str) -> u64 {
        self.throw(what, whom) % sides.max(1)
    }

    /// Whether something happens that has a probability of `in_ten_thousand` in 10 000.
    pub fn falls(self, in_ten_thousand: u64, what: &str, whom: &str) -> bool {
        self.below(10_000, what, whom) < in_ten_thousand
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_dice_repeat_and_have_the_stated_odds() {
        let dice = Dice::new(7);
        assert_eq!(dice.throw("pay", "1"), Dice::new(7).throw("pay", "1"));
        assert_ne!(dice.throw("pay", "1"), Dice::new(8).throw("pay", "1"));
        assert_ne!(dice.throw("pay", "1"), dice.throw("pa", "y1"));
        let falls = (0..100_000).filter(|i| dice.falls(200, "pay", &i.to_string())).count();
        assert!((1_800..2_200).contains(&falls), "{falls}");
    }
}
