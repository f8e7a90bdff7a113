//! PostgreSQL's binary COPY format, as far as our tables need it.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc};
use uuid::Uuid;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// PostgreSQL counts days from 1 January 2000, in days after Christ.
const EPOCH_DAY: i32 = 730_120;
/// The same moment in microseconds of Unix time.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The rows of one table. Each row is `begin`, then as many columns as the table's list has.
#[derive(Debug)]
pub(super) struct Sheet {
    columns: i16,
    rows: usize,
    octets: Vec<u8>,
}

impl Sheet {
    /// An empty one for so many columns.
    pub fn new(columns: i16) -> Self {
        let mut octets = SIGNATURE.to_vec();
        // No flags, no extension.
        octets.extend([0; 8]);
        Self { columns, rows: 0, octets }
    }

    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Everything, ready to be sent.
    pub fn finish(mut self) -> Vec<u8> {
        self.octets.extend((-1_i16).to_be_bytes());
        self.octets
    }

    /// Begins a row.
    pub fn row(&mut self) -> Row<'_> {
        self.rows += 1;
        self.octets.extend(self.columns.to_be_bytes());
        Row { octets: &mut self.octets }
    }
}

/// A row that is being written, column after column.
#[derive(Debug)]
pub(super) struct Row<'a> {
    octets: &'a mut Vec<u8>,
}

impl Row<'_> {
    /// `bytea`, or any type given as it goes over the wire.
    pub fn octets(&mut self, value: &[u8]) -> &mut Self {
        // A column holds less than 1 GiB, or PostgreSQL refuses it.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.octets.extend(length.to_be_bytes());
        self.octets.extend_from_slice(value);
        self
    }

    /// `NULL`.
    pub fn null(&mut self) -> &mut Self {
        self.octets.extend((-1_i32).to_be_bytes());
        self
    }

    /// A value, or `NULL`.
    pub fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T) -> &mut Self) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.octets(value.as_bytes())
    }

    pub fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.octets(value.as_bytes())
    }

    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.octets(&[u8::from(value)])
    }

    /// `smallint`.
    pub fn small(&mut self, value: i16) -> &mut Self {
        self.octets(&value.to_be_bytes())
    }

    /// `integer`.
    pub fn integer(&mut self, value: i32) -> &mut Self {
        self.octets(&value.to_be_bytes())
    }

    pub fn date(&mut self, value: NaiveDate) -> &mut Self {
        use chrono::Datelike;
        self.integer(value.num_days_from_ce() - EPOCH_DAY)
    }

    /// `timestamptz`.
    pub fn moment(&mut self, value: DateTime<Utc>) -> &mut Self {
        self.octets(&(value.timestamp_micros() - EPOCH_MICROS).to_be_bytes())
    }

    /// `time`.
    pub fn time(&mut self, value: NaiveTime) -> &mut Self {
        let micros = i64::from(value.num_seconds_from_midnight()) * 1_000_000;
        self.octets(&micros.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_laid_out_as_postgresql_documents_it() {
        let mut sheet = Sheet::new(3);
        assert!(sheet.is_empty());
        sheet.row().small(7).null().text("kri");
        let octets = sheet.finish();
        let expected = [
            b"PGCOPY\n\xff\r\n\0".as_slice(),
            &[0; 8],
            &[0, 3],
            &[0, 0, 0, 2, 0, 7],
            &[0xff; 4],
            &[0, 0, 0, 3],
            b"kri",
            &[0xff, 0xff],
        ];
        assert_eq!(octets, expected.concat());
    }

    #[test]
    fn days_and_moments_count_from_the_year_2000() {
        let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        let mut sheet = Sheet::new(2);
        sheet.row().date(first).moment(first.and_hms_opt(0, 0, 1).unwrap().and_utc());
        let octets = sheet.finish();
        assert_eq!(octets[21..33], [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8]);
        assert_eq!(octets[33..41], 1_000_000_i64.to_be_bytes());
    }
}
