//! What the module exports. The only unsafe code of the project, because memory is handed over as numbers.
//!
//! Whoever allocates frees: the page frees the request it wrote after `mpp_call`, and the answer after
//! reading it, both with `mpp_free`. A panic traps (`panic = "abort"`), and the page discards the instance.

#![expect(unsafe_code, reason = "the page passes memory as a pointer and a length")]

use std::sync::{Mutex, PoisonError};

use crate::{call, dice::Dice};

static DICE: Mutex<Option<Dice>> = Mutex::new(None);

/// Reserves `length` bytes (zeroed) and returns where they are.
#[unsafe(no_mangle)]
pub extern "C" fn mpp_alloc(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Gives back what [`mpp_alloc`] or [`mpp_call`] returned.
///
/// # Safety
///
/// `pointer` and `length` must be a pair from one of the two, given back once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_free(pointer: *mut u8, length: usize) {
    // SAFETY: by the condition above this is the box that `hand_over` or `mpp_alloc` leaked.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) });
}

/// Takes the 32 bytes at `pointer` as the seed of this instance. To be called once, before the first call.
///
/// # Safety
///
/// `pointer` must point at 32 bytes from [`mpp_alloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_seed(pointer: *const [u8; 32]) {
    // SAFETY: by the condition above; an array of bytes needs no alignment.
    let seed = unsafe { pointer.read() };
    *DICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Dice::new(seed));
}

/// Answers the request at `pointer`; returns where the answer is (upper 32 bits) and its length (lower 32).
///
/// # Safety
///
/// `pointer` and `length` must be a pair from [`mpp_alloc`], filled with a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_call(pointer: *const u8, length: usize) -> u64 {
    // SAFETY: by the condition above, and nobody else runs while this function does.
    let request = unsafe { std::slice::from_raw_parts(pointer, length) };
    hand_over(call::answer(request))
}

/// Leaks the answer to the page, which frees it.
fn hand_over(answer: Vec<u8>) -> u64 {
    let answer = answer.into_boxed_slice();
    let length = answer.len() as u64;
    let pointer = Box::into_raw(answer).cast::<u8>() as usize as u64;
    (pointer << 32) | length
}

/// The source that the crate `getrandom` 0.4 asks for when it is built with the custom backend (it kept the
/// name of version 0.3).
///
/// # Safety
///
/// `destination` must point at `length` bytes that may be written.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    destination: *mut u8,
    length: usize,
) -> Result<(), getrandom::Error> {
    // SAFETY: by the condition above; they are filled first because they may not be initialised.
    let bytes = unsafe {
        std::ptr::write_bytes(destination, 0, length);
        std::slice::from_raw_parts_mut(destination, length)
    };
    let mut dice = DICE.lock().unwrap_or_else(PoisonError::into_inner);
    dice.as_mut().ok_or(getrandom::Error::UNEXPECTED)?.fill(bytes);
    Ok(())
}
