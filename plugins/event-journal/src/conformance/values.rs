//! Values: saved by compare-and-set, listed by prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use event_core::Durability;

use super::{ODD, done};
use crate::journal::{Error, Journal, Result};

pub(super) fn save(journal: &dyn Journal, key: &str, expected: u64, value: Option<&[u8]>) -> Result<u64> {
    pollster::block_on(journal.save(key, expected, value, Durability::Enqueued))
}

pub(super) fn load(journal: &dyn Journal, key: &str) -> Option<(u64, Vec<u8>)> {
    done(journal.load(key)).map(|saved| (saved.version, saved.value))
}

pub(super) fn is_conflict(saved: &Result<u64>) -> bool {
    matches!(saved, Err(Error::Conflict))
}

pub(super) fn a_value_is_saved_only_over_the_version_that_was_read(journal: &dyn Journal) {
    assert_eq!(load(journal, "key"), None);
    assert!(is_conflict(&save(journal, "key", 1, Some(b"none"))), "there is no version 1");
    assert!(is_conflict(&save(journal, "key", 1, None)), "there is nothing to remove");
    let first = save(journal, "key", 0, Some(b"first")).expect("it is new");
    assert!(first > 0, "version 0 says that there is no value");
    assert_eq!(load(journal, "key"), Some((first, b"first".to_vec())));
    assert!(is_conflict(&save(journal, "key", 0, Some(b"new"))), "it is there");
    let second = done(journal.save("key", first, Some(b"second"), Durability::OnDisk));
    assert_ne!(second, first);
    for old in [0, first, second + 1] {
        assert!(is_conflict(&save(journal, "key", old, Some(b"old"))));
        assert!(is_conflict(&save(journal, "key", old, None)));
    }
    assert_eq!(load(journal, "key"), Some((second, b"second".to_vec())));
    let same = save(journal, "key", second, Some(b"second")).expect("it is the version");
    assert_ne!(same, second, "the same value is saved, too");
    assert_eq!(load(journal, "other"), None);
}

pub(super) fn a_key_that_is_removed_and_made_again_has_another_version(journal: &dyn Journal) {
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let made = save(journal, "key", 0, Some(b"made")).expect("there is none");
        let changed = save(journal, "key", made, Some(b"changed")).expect("it is the version");
        save(journal, "key", changed, None).expect("it is the version");
        assert_eq!(load(journal, "key"), None);
        for version in [made, changed] {
            assert!(seen.insert(version), "version {version} came twice");
            assert!(is_conflict(&save(journal, "key", version, Some(b"old"))), "it is removed");
        }
    }
    let again = save(journal, "key", 0, Some(b"again")).expect("there is none");
    assert!(seen.iter().all(|old| is_conflict(&save(journal, "key", *old, None))));
    assert_eq!(load(journal, "key"), Some((again, b"again".to_vec())));
}

pub(super) fn of_savers_at_the_same_time_one_wins(journal: &dyn Journal) {
    const SAVERS: u32 = 4;
    const EACH: u32 = 25;
    let count_one = || loop {
        let found = load(journal, "counter");
        let (version, count) = found.map_or((0, 0), |(version, value)| {
            (version, u32::from_le_bytes(value.try_into().expect("it is a number")))
        });
        match save(journal, "counter", version, Some(&(count + 1).to_le_bytes())) {
            Ok(_) => return,
            Err(Error::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    };
    thread::scope(|scope| {
        for _ in 0..SAVERS {
            scope.spawn(|| (0..EACH).for_each(|_| count_one()));
        }
    });
    let counted = load(journal, "counter").map(|(_, value)| value);
    assert_eq!(counted, Some((SAVERS * EACH).to_le_bytes().to_vec()));
}

pub(super) fn values_are_any_bytes_up_to_a_megabyte(journal: &dyn Journal) {
    let megabyte: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    for (key, value) in [("empty", &[][..]), ("zero", &[0]), ("invalid", &[0xff, 0xfe]), ("large", &megabyte)]
    {
        save(journal, key, 0, Some(value)).expect("it is new");
        assert_eq!(load(journal, key).map(|(_, value)| value).as_deref(), Some(value), "{key}");
    }
    let sizes: Vec<_> =
        done(journal.list("", "", 10)).iter().map(|(key, saved)| (key.clone(), saved.value.len())).collect();
    let expected = [("empty", 0), ("invalid", 2), ("large", 1_000_000), ("zero", 1)];
    assert_eq!(sizes, expected.map(|(key, size)| (key.to_owned(), size)));
}

pub(super) fn keys_are_listed_by_prefix_in_pages(journal: &dyn Journal) {
    let mut versions = BTreeMap::new();
    for number in 0..25 {
        for key in [format!("dead/a/{number:020}"), format!("dead/ab/{number:020}"), format!("deac/{number}")]
        {
            let version = save(journal, &key, 0, Some(key.as_bytes())).expect("it is new");
            versions.insert(key, version);
        }
    }
    for key in ["dead/a", "dead/a0", "dead/", "Dead/a/1", "dead/a.1"] {
        versions.insert(key.to_owned(), save(journal, key, 0, Some(key.as_bytes())).expect("it is new"));
    }
    let removed = format!("dead/a/{:020}", 7);
    save(journal, &removed, versions.remove(&removed).expect("it is there"), None).expect("it is there");
    for prefix in ["dead/a/", "dead/a", "dead/", "d", "", "dead/a/000000000000000000", "x"] {
        let wanted: Vec<_> = versions.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        for size in [1, 10, 1_000] {
            let (mut listed, mut after) = (Vec::new(), String::new());
            loop {
                let page = done(journal.list(prefix, &after, size));
                assert!(page.len() <= size);
                let Some((last, _)) = page.last() else { break };
                after.clone_from(last);
                assert!(
                    page.iter().all(|(key, saved)| {
                        saved.version == versions[key] && saved.value == key.as_bytes()
                    })
                );
                listed.extend(page.into_iter().map(|(key, _)| key));
            }
            assert_eq!(listed, wanted, "prefix `{prefix}`, pages of {size}");
        }
    }
    assert_eq!(done(journal.list("dead/a/", "dead/b", 10)), []);
    assert_eq!(done(journal.list("dead/a/", "a", 1)).len(), 1);
}

pub(super) fn keys_are_any_text(journal: &dyn Journal) {
    let keys: Vec<_> =
        ODD.iter().filter(|text| !text.contains('\0')).map(|text| format!("odd/{text}")).collect();
    for key in &keys {
        save(journal, key, 0, Some(key.as_bytes())).expect("it is new");
    }
    for key in &keys {
        assert_eq!(load(journal, key).map(|(_, value)| value).as_deref(), Some(key.as_bytes()));
        assert_eq!(done(journal.list(key, "", 10)).first().map(|(listed, _)| listed), Some(key));
    }
    let mut sorted = keys.clone();
    sorted.sort();
    let listed: Vec<_> = done(journal.list("odd/", "", 100)).into_iter().map(|(key, _)| key).collect();
    assert_eq!(listed, sorted, "keys sort by their bytes");
}
