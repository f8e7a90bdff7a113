//! Dialled codes.

/// Whether it looks like what can be dialled: `*468#`, `*384*123#`.
pub fn is_service_code(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('*').and_then(|rest| rest.strip_suffix('#')) else { return false };
    text.len() <= 32
        && inner.split('*').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_service_code;

    #[test]
    fn codes_have_digits_between_stars_and_end_in_a_hash() {
        for good in ["*468#", "*384*123#", "*1*2*3#"] {
            assert!(is_service_code(good), "{good}");
        }
        for wrong in [
            "",
            "#",
            "*#",
            "468",
            "*468",
            "468#",
            "**468#",
            "*46a#",
            "*468##",
            "*4681234567890123456789012345678901#",
        ] {
            assert!(!is_service_code(wrong), "{wrong}");
        }
    }
}
