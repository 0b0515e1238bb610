//! Documents that were found good, by their text: bounded in number and in length.

use crate::document::Document;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

/// Documents remembered; the oldest goes first.
const MAX_DOCUMENTS: usize = 256;
/// Longest document remembered, in bytes.
const MAX_TEXT: usize = 8 * 1024;

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct DocumentCache(RwLock<Known>);

#[derive(Default)]
struct Known {
    documents: HashMap<String, Arc<Document>>,
    /// The oldest first.
    order: VecDeque<String>,
}

impl DocumentCache {
    /// A document that was found good before.
    pub(crate) fn get(&self, text: &str) -> Option<Arc<Document>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).documents.get(text).cloned()
    }

    /// Remembers a document that was found good, unless it is too long.
    pub(crate) fn put(&self, text: String, document: Arc<Document>) {
        if text.len() > MAX_TEXT {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.documents.contains_key(&text) {
            return;
        }
        if known.order.len() == MAX_DOCUMENTS {
            known.order.pop_front().and_then(|oldest| known.documents.remove(&oldest));
        }
        known.order.push_back(text.clone());
        known.documents.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &DocumentCache, text: String) {
        let document = Arc::new(Document::parse(&text).unwrap());
        cache.put(text, document);
    }

    #[test]
    fn it_is_bounded_in_number_and_in_length() {
        let cache = DocumentCache::default();
        for i in 0..=MAX_DOCUMENTS {
            put(&cache, format!("{{ a{i} }}"));
            put(&cache, format!("{{ a{i} }}"));
        }
        assert!(cache.get("{ a0 }").is_none(), "the oldest has gone");
        assert!(cache.get("{ a1 }").is_some() && cache.get(&format!("{{ a{MAX_DOCUMENTS} }}")).is_some());
        let known = cache.0.read().unwrap();
        assert_eq!((known.documents.len(), known.order.len()), (MAX_DOCUMENTS, MAX_DOCUMENTS));
        drop(known);
        let long = format!("{{ a }}{}", " ".repeat(MAX_TEXT));
        put(&cache, long.clone());
        assert!(cache.get(&long).is_none());
    }
}
