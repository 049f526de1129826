//! The boxed async shapes that ports return.

use std::{future::Future, pin::Pin};

use futures_core::Stream;

/// An output stream of a provider. Dropping it cancels the operation behind it.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// A boxed future, for ports that must stay object safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
