//! An allocator that counts, for tests of what must not allocate. Also used by other crates.
//!
//! It counts per thread, so that tests beside the one that counts do not disturb it.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait; every call goes to the system's")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    // Constant and without a destructor, so that reaching it does not allocate.
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

struct Counting;

impl Counting {
    fn count() {
        CALLS.set(CALLS.get() + 1);
    }
}

// SAFETY: all three pass on what they are given, so the system allocator's promises are kept; the
// methods not written here are built on these three.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller keeps the promises of `alloc`, which are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        Self::count();
        // SAFETY: `block` came from `System` with this layout, as all blocks do.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count();
        // SAFETY: as for `dealloc`, and the caller keeps the promises about `size`.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// How often `work` allocates, grows or frees on this thread.
pub(crate) fn allocator_calls(work: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    work();
    CALLS.get() - before
}

#[test]
fn what_allocates_is_counted() {
    let mut list = Vec::new();
    assert_eq!(allocator_calls(|| list.push(1u8)), 1);
    assert_eq!(allocator_calls(|| list.reserve_exact(1000)), 1);
    assert_eq!(allocator_calls(|| list.push(2)), 0);
    assert_eq!(allocator_calls(|| drop(list)), 1);
}
