//! A hash map for looking things up and for nothing else.
//!
//! Its iteration order would depend on the hash function, so it cannot be iterated at all: whatever needs an
//! order keeps a `Vec` by id or a `BTreeMap` beside it.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::{FxHashMapSeed, FxSeededState};

/// What the hashes of new maps begin with.
static SEED: AtomicUsize = AtomicUsize::new(0);

/// Makes all maps that are created from now on hash differently. No result may depend on it: `run
/// --check-determinism` and the tests change it between runs to show that none does.
pub fn perturb_hashes(seed: usize) {
    SEED.store(seed, Ordering::Relaxed);
}

/// Key to value, without iteration.
#[derive(Clone)]
pub struct LookupMap<K, V>(FxHashMapSeed<K, V>);

impl<K, V> Default for LookupMap<K, V> {
    fn default() -> Self {
        Self(FxHashMapSeed::with_hasher(FxSeededState::with_seed(SEED.load(Ordering::Relaxed))))
    }
}

impl<K: Eq + Hash, V> LookupMap<K, V> {
    /// The value stored for `key`.
    pub fn get<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// The value stored for `key`, to change in place.
    pub fn get_mut<Q: ?Sized + Eq + Hash>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)
    }

    /// Whether a value is stored for `key`.
    pub fn contains<Q: ?Sized + Eq + Hash>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Stores `value`, returning what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes out the value stored for `key`.
    pub fn remove<Q: ?Sized + Eq + Hash>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key)
    }

    /// The value stored for `key`, made with `V::default` when there is none.
    pub fn entry_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.0.entry(key).or_default()
    }

    /// How many keys are stored.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<K, V> fmt::Debug for LookupMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LookupMap({} keys)", self.0.len())
    }
}
