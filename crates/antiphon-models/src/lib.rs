//! The model manifest, fetch by pinned hash, and the model cache.
