//! The edge toward operators and aggregators: one file each. It authenticates a callback, makes one
//! `Turn` of it and writes the answer in the operator's form. Leans on `ussd`.

mod service_code;

pub use service_code::is_service_code;
