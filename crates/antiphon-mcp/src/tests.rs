//! Servers written by hand, which do what no library would let them, in virtual time.

mod bad_days;
mod calls;
mod lists;
mod world;
