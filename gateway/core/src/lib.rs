//! The rules of a home, pure: input in, effects out, no IO and no clock
