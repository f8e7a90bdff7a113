//! What is said by SMS and e-mail: the words that people send, and the plan of reminders. Pure;
//! leans on `care` and `text`.

pub mod keywords;
