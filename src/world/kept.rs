//! What is worked out from a thing once and then kept beside it, for whoever asks next, on any thread.

use std::sync::OnceLock;

/// Not a part of what the thing is: copies begin without it, comparisons pass over it, and it is never stored.
#[derive(Debug)]
pub struct Kept<T>(OnceLock<T>);

impl<T> Kept<T> {
    /// What is kept, or made now. Two who ask at the same moment get the same.
    pub fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl<T> Eq for Kept<T> {}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn it_is_made_once_and_not_for_copies() {
        let kept = Kept::default();
        assert_eq!(*kept.get_or_make(|| 1), 1);
        assert_eq!(*kept.get_or_make(|| 2), 1);
        assert_eq!(*kept.clone().get_or_make(|| 3), 3);
        assert!(kept == Kept::default());
    }
}
