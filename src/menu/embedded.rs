//! The shipped menus, written by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/embedded_menus.rs"));
