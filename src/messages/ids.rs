//! Providers' ids of messages. Some tell another form of an id in the receipt than in the answer:
//! with leading zeros, or hexadecimal against decimal. A profile says so; nothing is guessed.

use serde::Deserialize;

/// In which form a provider tells ids.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// The same text in both.
    #[default]
    AsIs,
    /// A decimal number in both; leading zeros do not count.
    Decimal,
    /// A hexadecimal number in both; leading zeros and case do not count.
    Hexadecimal,
    /// Hexadecimal in the answer, decimal in the receipt.
    AnswerHexadecimal,
    /// Decimal in the answer, hexadecimal in the receipt.
    ReceiptHexadecimal,
}

impl IdForm {
    /// The normal form of an id from an answer.
    pub fn of_answer(self, id: &str) -> String {
        match self {
            Self::AsIs => id.trim().to_owned(),
            Self::Decimal | Self::ReceiptHexadecimal => number(id, 10),
            Self::Hexadecimal | Self::AnswerHexadecimal => number(id, 16),
        }
    }

    /// The normal form of an id from a receipt: that of the answer, where both mean one message.
    pub fn of_receipt(self, id: &str) -> String {
        match self {
            Self::AsIs => id.trim().to_owned(),
            Self::Decimal | Self::AnswerHexadecimal => number(id, 10),
            Self::Hexadecimal | Self::ReceiptHexadecimal => number(id, 16),
        }
    }
}

/// The number in decimal digits. What is none (a provider that changed its ids) stays itself, in
/// lower case and without leading zeros.
fn number(id: &str, radix: u32) -> String {
    let id = id.trim();
    // `from_str_radix` takes a sign.
    let digits = id.strip_prefix("0x").filter(|_| radix == 16).unwrap_or(id);
    let plain = digits.bytes().all(|octet| octet.is_ascii_alphanumeric());
    match u128::from_str_radix(digits, radix) {
        Ok(number) if plain => number.to_string(),
        _ => id.trim_start_matches('0').to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_forms_of_one_id_meet_where_the_profile_says_so() {
        for (form, answer, receipt, same) in [
            (IdForm::AsIs, "ATXid_1", "ATXid_1", true),
            (IdForm::AsIs, "007", "7", false),
            (IdForm::Decimal, "0000000123", "123", true),
            (IdForm::Decimal, "123", "0123", true),
            (IdForm::Hexadecimal, "0x1a2B", "00001A2b", true),
            (IdForm::AnswerHexadecimal, "1A2B", "6699", true),
            (IdForm::AnswerHexadecimal, "1A2B", "0000006699", true),
            (IdForm::AnswerHexadecimal, "10", "10", false),
            (IdForm::ReceiptHexadecimal, "0006699", "1a2b", true),
            (IdForm::Decimal, "00AB-1", "ab-1", true),
            (IdForm::Decimal, "+12", "12", false),
        ] {
            assert_eq!(
                form.of_answer(answer) == form.of_receipt(receipt),
                same,
                "{form:?} {answer} {receipt}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_number_is_found_again_in_its_other_form(number: u64, zeros in 0_usize..6) {
            let zeros = "0".repeat(zeros);
            let decimal = format!("{zeros}{number}");
            for hex in [format!("{zeros}{number:x}"), format!("{zeros}{number:X}")] {
                let (answer, receipt) = (IdForm::AnswerHexadecimal, IdForm::ReceiptHexadecimal);
                prop_assert_eq!(answer.of_answer(&hex), answer.of_receipt(&decimal));
                prop_assert_eq!(receipt.of_answer(&decimal), receipt.of_receipt(&hex));
            }
        }
    }
}
