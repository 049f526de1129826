//! Windows cover every frame once, with context, however many there are.

use crate::windows::Windows;

#[test]
fn windows_cover_every_frame_once_with_context() {
    let windows = Windows { first: 20, growth: 20, largest: 60, context: 8 };
    for total in 1..500 {
        let (mut start, mut nth) = (0, 0);
        while start < total {
            let window = windows.window(nth, start, total);
            assert_eq!(window.frames.start, start, "of {total}");
            assert!(!window.frames.is_empty() && window.frames.end <= total, "of {total}");
            assert_eq!(window.computed.start, start.saturating_sub(8), "of {total}");
            assert_eq!(window.computed.end, (window.frames.end + 8).min(total), "of {total}");
            assert!(window.frames.len() <= 60 + 8, "{} frames at once", window.frames.len());
            let wanted = window.wanted(2);
            assert_eq!(wanted.len(), 2 * window.frames.len());
            (start, nth) = (window.frames.end, nth + 1);
        }
        assert!(nth <= total.div_ceil(20), "{nth} windows for {total} frames");
    }
}
