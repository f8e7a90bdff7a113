//! Whole histories loaded at once by COPY, sealed like everything else: the people of the demo, and
//! those who move over from another system.

mod batch;
mod history;
mod sheet;

pub use batch::{Batch, Trust, highest_person};
pub use history::{
    AppointmentRow, ChildRow, ConsentRow, History, Line, LookRow, MedicineRow, PinRow, PregnancyRow,
    Standing, VisitRow, Wording,
};
