//! Settings of the file that mirror those of a policy: the same field, in the units of a file.
//! Defaults are the policy's own, so that there is one place for them.

use std::time::Duration;

/// A value of the file, made of a policy's `T` and written back into it.
pub(crate) trait Mirror<T> {
    fn of(real: &T) -> Self;

    fn put(&self, real: &mut T);
}

impl<T: Clone> Mirror<T> for T {
    fn of(real: &T) -> Self {
        real.clone()
    }

    fn put(&self, real: &mut T) {
        real.clone_from(self);
    }
}

/// Milliseconds.
impl Mirror<Duration> for u64 {
    fn of(real: &Duration) -> Self {
        Self::try_from(real.as_millis()).unwrap_or(Self::MAX)
    }

    fn put(&self, real: &mut Duration) {
        *real = Duration::from_millis(*self);
    }
}

/// Milliseconds, or no limit.
impl Mirror<Option<Duration>> for Option<u64> {
    fn of(real: &Option<Duration>) -> Self {
        real.as_ref().map(u64::of)
    }

    fn put(&self, real: &mut Option<Duration>) {
        *real = self.map(Duration::from_millis);
    }
}

/// Declares a struct of the file that mirrors `$real`: each field names the one it stands for.
macro_rules! mirror {
    (
        $(#[$about:meta])*
        pub struct $name:ident of $real:ty {
            $( $(#[$meta:meta])* pub $field:ident: $kind:ty = $mirrored:ident, )*
        }
    ) => {
        $(#[$about])*
        #[derive(
            Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[$meta])* pub $field: $kind, )*
        }

        impl $crate::mirror::Mirror<$real> for $name {
            fn of(real: &$real) -> Self {
                Self { $( $field: $crate::mirror::Mirror::of(&real.$mirrored), )* }
            }

            fn put(&self, real: &mut $real) {
                $( $crate::mirror::Mirror::put(&self.$field, &mut real.$mirrored); )*
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $crate::mirror::Mirror::of(&<$real>::default())
            }
        }
    };
}

pub(crate) use mirror;
