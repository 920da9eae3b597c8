//! A list whose versions share what they have in common: changing one element of a thousand copies a few dozen
//! pointers, whoever else holds the list before the change.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A piece that grows longer than this is divided.
const PIECE_MAX: usize = 64;

/// A list in pieces. Cloning it clones a pointer for each piece, and a change copies one piece.
#[derive(Clone)]
pub struct SharedList<T> {
    /// None of them is empty.
    pieces: Vec<Arc<Vec<T>>>,
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> SharedList<T> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// All elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        elements(&self.pieces)
    }

    /// How many elements come before the first one of which `is_before` is not true. The list is divided by it.
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let last_is_before = |piece: &Arc<Vec<T>>| piece.last().is_some_and(&is_before);
        let pieces = self.pieces.partition_point(last_is_before);
        let before: usize = self.pieces[..pieces].iter().map(|piece| piece.len()).sum();
        before + self.pieces.get(pieces).map_or(0, |piece| piece.partition_point(is_before))
    }

    /// The element at a place.
    pub fn get(&self, at: usize) -> Option<&T> {
        let (piece, at) = self.find(at)?;
        self.pieces[piece].get(at)
    }

    /// The piece and the place in it of an element that is there.
    fn find(&self, mut at: usize) -> Option<(usize, usize)> {
        for (number, piece) in self.pieces.iter().enumerate() {
            if at < piece.len() {
                return Some((number, at));
            }
            at -= piece.len();
        }
        None
    }
}

fn elements<T>(pieces: &[Arc<Vec<T>>]) -> impl DoubleEndedIterator<Item = &T> + Clone {
    pieces.iter().flat_map(|piece| piece.iter())
}

impl<T: Clone> SharedList<T> {
    /// Puts an element before the one at `at`, or at the end.
    pub fn insert(&mut self, at: usize, element: T) {
        let (number, at) = match self.find(at) {
            Some(place) => place,
            // The last piece takes what comes to the end, if there is one.
            None => match self.pieces.last() {
                Some(piece) => (self.pieces.len() - 1, piece.len()),
                None => return self.pieces.push(Arc::new(vec![element])),
            },
        };
        let piece = Arc::make_mut(&mut self.pieces[number]);
        piece.insert(at, element);
        if piece.len() > PIECE_MAX {
            let rest = piece.split_off(PIECE_MAX / 2);
            self.pieces.insert(number + 1, Arc::new(rest));
        }
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: T) {
        self.insert(usize::MAX, element);
    }

    /// Takes out the element at a place.
    ///
    /// # Panics
    /// When there is none.
    pub fn remove(&mut self, at: usize) -> T {
        let (number, at) = self.find(at).expect("there is an element at this place");
        let piece = Arc::make_mut(&mut self.pieces[number]);
        let element = piece.remove(at);
        if piece.is_empty() {
            self.pieces.remove(number);
        }
        element
    }

    /// Puts another element in the place of one.
    ///
    /// # Panics
    /// When there is none.
    pub fn replace(&mut self, at: usize, element: T) {
        let (number, at) = self.find(at).expect("there is an element at this place");
        Arc::make_mut(&mut self.pieces[number])[at] = element;
    }

    /// Drops all but the first `length` elements.
    pub fn truncate(&mut self, length: usize) {
        while self.len() > length {
            self.remove(self.len() - 1);
        }
    }
}

impl<T> SharedList<Arc<T>> {
    /// The elements that are in one of the lists only: those that this list has alone, and those that `other` has. An
    /// element that was made anew counts, even if it is equal to the one before.
    pub fn changes<'a>(&'a self, other: &'a Self) -> (Vec<&'a Arc<T>>, Vec<&'a Arc<T>>) {
        let (mine, theirs) = (self.in_other_pieces(other), other.in_other_pieces(self));
        let (mine, theirs) = between_what_is_the_same(&mine, &theirs);
        (not_in(mine, theirs), not_in(theirs, mine))
    }

    /// The elements in pieces that `other` does not have.
    fn in_other_pieces<'a>(&'a self, other: &Self) -> Vec<&'a Arc<T>> {
        let own = |piece: &&Arc<Vec<Arc<T>>>| !other.pieces.iter().any(|theirs| Arc::ptr_eq(theirs, piece));
        self.pieces.iter().filter(own).flat_map(|piece| piece.iter()).collect()
    }
}

/// Both lists without what they begin and end with alike: mostly one element is left in one of them.
fn between_what_is_the_same<'a, 'b, T>(
    one: &'b [&'a Arc<T>],
    other: &'b [&'a Arc<T>],
) -> (&'b [&'a Arc<T>], &'b [&'a Arc<T>]) {
    let same = |(one, other): &(&&Arc<T>, &&Arc<T>)| Arc::ptr_eq(one, other);
    let begin = one.iter().zip(other).take_while(same).count();
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(same).count();
    (&one[..one.len() - end], &other[..other.len() - end])
}

fn not_in<'a, T>(elements: &[&'a Arc<T>], other: &[&'a Arc<T>]) -> Vec<&'a Arc<T>> {
    let mut known: Vec<*const T> = other.iter().map(|element| Arc::as_ptr(element)).collect();
    known.sort_unstable();
    elements.iter().copied().filter(|element| known.binary_search(&Arc::as_ptr(element)).is_err()).collect()
}

impl<T: PartialEq> SharedList<T> {
    /// How many elements are the same at the beginning of both lists.
    fn in_common(&self, other: &Self) -> usize {
        let pieces = self.pieces.iter().zip(&other.pieces);
        let same = pieces.take_while(|(mine, theirs)| Arc::ptr_eq(mine, theirs)).count();
        let before: usize = self.pieces[..same].iter().map(|piece| piece.len()).sum();
        let rest = elements(&self.pieces[same..]).zip(elements(&other.pieces[same..]));
        before + rest.take_while(|(mine, theirs)| mine == theirs).count()
    }
}

impl<T: PartialEq> PartialEq for SharedList<T> {
    fn eq(&self, other: &Self) -> bool {
        let length = self.len();
        length == other.len() && self.in_common(other) == length
    }
}

impl<T: Eq> Eq for SharedList<T> {}

impl<T> FromIterator<T> for SharedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut pieces = Vec::new();
        let mut elements = elements.into_iter();
        loop {
            let piece: Vec<T> = elements.by_ref().take(PIECE_MAX / 2).collect();
            if piece.is_empty() {
                return Self { pieces };
            }
            pieces.push(Arc::new(piece));
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for SharedList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize> Serialize for SharedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for SharedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|elements| elements.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_list(begin in 0..200_usize, changes in prop::collection::vec((0..4_u8, 0..300_usize), 0..300)) {
            let mut list: SharedList<usize> = (0..begin).collect();
            let mut plain: Vec<usize> = (0..begin).collect();
            for (number, (what, at)) in changes.into_iter().enumerate() {
                let (before, plain_before) = (list.clone(), plain.clone());
                match what {
                    0 | 1 => {
                        list.insert(at, number);
                        plain.insert(at.min(plain.len()), number);
                    }
                    2 if at < plain.len() => {
                        list.replace(at, number);
                        plain[at] = number;
                    }
                    _ if at < plain.len() => prop_assert_eq!(list.remove(at), plain.remove(at)),
                    _ => {}
                }
                prop_assert_eq!(list.get(at), plain.get(at));
                prop_assert!(before.iter().eq(&plain_before), "the version before stays as it was");
                prop_assert_eq!(before == list, plain_before == plain);
            }
            prop_assert!(list.iter().eq(&plain) && list.len() == plain.len());
            list.truncate(7);
            plain.truncate(7);
            prop_assert_eq!(list, plain.into_iter().collect());
        }
    }

    #[test]
    fn changes_are_found_by_identity() {
        let before: SharedList<Arc<usize>> = (0..150).map(Arc::new).collect();
        let mut after = before.clone();
        let gone = after.remove(140);
        let old = before.get(3).unwrap().clone();
        after.replace(3, Arc::new(3));
        after.insert(70, Arc::new(1000));
        assert_eq!(before.changes(&before.clone()), (vec![], vec![]));
        // What was made anew is another element, also when it is equal.
        assert_eq!(before.changes(&after), (vec![&old, &gone], vec![&Arc::new(3), &Arc::new(1000)]));
        assert_eq!(SharedList::default().changes(&before).1.len(), 150);
    }

    #[test]
    fn places_are_found_by_halving() {
        let list: SharedList<usize> = (0..150).map(|number| number * 2).collect();
        for wanted in 0..302 {
            assert_eq!(list.partition_point(|number| *number < wanted), wanted.div_ceil(2).min(150));
        }
    }
}
