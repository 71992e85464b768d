//! Times the `spop` crate's decoding and encoding in memory and counts the bytes it allocates.
//!
//!     codec TINY-TRAFFIC REALISTIC-TRAFFIC
use spop::{VarScope, SpopFrame, frame::FramePayload, frames::Ack, parser::parse_frame};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Counting;
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as u64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// CPU time of this thread, which is the only one (/proc/thread-self/schedstat).
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(text.split(' ').next().and_then(|word| word.parse().ok()).expect("nanoseconds"))
}

fn measure(name: &str, mut operation: impl FnMut(usize)) {
    let run = |count: usize, operation: &mut dyn FnMut(usize)| {
        let (begun, before) = (cpu_time(), ALLOCATED.load(Ordering::Relaxed));
        for index in 0..count {
            operation(index);
        }
        (cpu_time() - begun, ALLOCATED.load(Ordering::Relaxed) - before)
    };
    let mut count = 1000;
    while run(count, &mut operation).0 < Duration::from_millis(100) {
        count *= 2;
    }
    let (time, bytes) = run(count * 3, &mut operation);
    let each = (count * 3) as f64;
    println!("{{\"name\":\"{name}\",\"ns\":{:.2},\"bytes\":{:.0}}}", time.as_nanos() as f64 / each, bytes as f64 / each);
}

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    for (name, file) in ["decode tiny", "decode realistic"].iter().zip(&files) {
        let frames: Vec<(Vec<u8>, i64)> = spop_tokio::traffic(file)
            .into_iter()
            .map(|(payload, expected)| {
                let mut frame = ((7 + payload.len()) as u32).to_be_bytes().to_vec();
                frame.extend_from_slice(&[3, 0, 0, 0, 1, 1, 1]);
                frame.extend_from_slice(&payload);
                (frame, expected)
            })
            .collect();
        measure(name, |index| {
            let (frame, expected) = &frames[index % frames.len()];
            let (_, decoded) = parse_frame(black_box(frame)).expect("a valid frame");
            if let FramePayload::ListOfMessages(messages) = decoded.payload() {
                assert_eq!(spop_tokio::read(messages), Some(*expected));
            }
        });
    }
    let mut buffer = Vec::with_capacity(1024);
    measure("encode", |index| {
        buffer.clear();
        let ack = Ack::new(1, 1).set_var(VarScope::Session, "ip_score", (index & 255) as i64);
        ack.serialize_into(&mut buffer).expect("room");
        black_box(&buffer);
    });
}
