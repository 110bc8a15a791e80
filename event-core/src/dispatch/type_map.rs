//! A map by type, for the look-ups of a call.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

/// A map that is made once. A `TypeId` is a hash already, so a look-up is one comparison almost always.
pub(crate) struct TypeMap<V> {
    /// At least twice as many as there are values, and a power of two; a value stands at its type's place or, where that
    /// is taken, at the next one that is free.
    slots: Box<[Option<(TypeId, V)>]>,
    /// Which bits of its hash are a type's place.
    shift: u32,
}

impl<V> TypeMap<V> {
    #[inline]
    pub(crate) fn get(&self, key: TypeId) -> Option<&V> {
        let last = self.slots.len() - 1;
        let mut place = hash_of(key) >> self.shift;
        loop {
            match &self.slots[place & last] {
                Some((there, value)) if *there == key => return Some(value),
                Some(_) => place += 1,
                None => return None,
            }
        }
    }
}

/// Of two values of one type, the later stays.
impl<V> FromIterator<(TypeId, V)> for TypeMap<V> {
    fn from_iter<I: IntoIterator<Item = (TypeId, V)>>(values: I) -> Self {
        let values: Vec<_> = values.into_iter().collect();
        // At least one slot stays free, where an unsuccessful look-up ends.
        // And more where that costs little: fewer types want the same place then.
        let sparse = if values.len() <= FEW { 4 } else { 2 };
        let count = (sparse * values.len()).next_power_of_two().max(2);
        let shift = best_shift(&values, count);
        let mut slots: Box<[_]> = (0..count).map(|_| None).collect();
        for (key, value) in values {
            let mut place = (hash_of(key) >> shift) % count;
            while matches!(&slots[place], Some((there, _)) if *there != key) {
                place = (place + 1) % count;
            }
            slots[place] = Some((key, value));
        }
        Self { slots, shift }
    }
}

const FEW: usize = 64;

/// The bits that give most types a slot of their own. Hashes change from build to build; collisions, and so the cost of an
/// event, shouldn't.
fn best_shift<V>(values: &[(TypeId, V)], count: usize) -> u32 {
    let places = |shift: &u32| {
        let mut is_taken = vec![false; count];
        for (key, _) in values {
            is_taken[(hash_of(*key) >> shift) % count] = true;
        }
        is_taken.into_iter().filter(|is_taken| *is_taken).count()
    };
    // Among many, some always want the same place.
    let shifts = if values.len() <= FEW { 0..usize::BITS / 2 } else { 0..1 };
    shifts.max_by_key(places).unwrap_or(0)
}

#[inline]
fn hash_of(key: TypeId) -> usize {
    let mut hasher = AlreadyHashed(0);
    key.hash(&mut hasher);
    // With what is left, the place of the next can be counted without an overflow.
    (hasher.finish() >> 1) as usize
}

struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> [TypeId; 9] {
        macro_rules! types {
            ($($number:literal)*) => { [$(TypeId::of::<[u8; $number]>()),*] };
        }
        types!(0 1 2 3 4 5 6 7 8)
    }

    #[test]
    fn every_type_finds_its_own_value_whatever_others_there_are() {
        for count in 0..=types().len() {
            let map: TypeMap<usize> = types().into_iter().zip(0..count).collect();
            for (index, key) in types().into_iter().enumerate() {
                assert_eq!(map.get(key).copied(), (index < count).then_some(index), "of {count}");
            }
        }
    }

    #[test]
    fn of_two_values_of_one_type_the_later_stays() {
        let map: TypeMap<u8> = [(TypeId::of::<u8>(), 1), (TypeId::of::<u8>(), 2)].into_iter().collect();
        assert_eq!(map.get(TypeId::of::<u8>()), Some(&2));
    }
}
