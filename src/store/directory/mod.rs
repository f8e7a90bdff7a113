//! The directory as its administration needs it: facilities with their full particulars, documents
//! handed in, and professionals with their entries.

pub mod documents;
pub mod facilities;
pub mod professionals;
