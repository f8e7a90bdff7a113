//! `application/x-www-form-urlencoded`, read strictly: what a browser would guess at is refused.

use std::borrow::Cow;

use super::problem::Problem;

/// The fields of a form, in their order, decoded.
pub(super) struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A name and the octets of its value.
pub(super) type RawField<'a> = (Cow<'a, str>, Cow<'a, [u8]>);

/// All fields in their order, names as text and values as octets, also where a name comes twice:
/// for what is signed or is not in UTF-8.
pub(super) fn fields(body: &[u8]) -> Result<Vec<RawField<'_>>, Problem> {
    let pairs = body.split(|&octet| octet == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |&octet| octet == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            Ok((name, octets(halves.next().unwrap_or_default())?))
        })
        .collect()
}

impl<'a> Form<'a> {
    /// Reads all fields. Refused: broken escapes, octets that are no UTF-8, a name that comes twice.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        let mut fields: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(8);
        for pair in body.split(|&octet| octet == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |&octet| octet == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(Problem::malformed("a field of the form comes twice"));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// A field's value, where it is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// A field's value that must be there.
    pub(super) fn require(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Problem::malformed(format!("the field {name} is missing")))
    }
}

fn decode(text: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let not_utf8 = || Problem::malformed("the form is not in UTF-8");
    match octets(text)? {
        Cow::Borrowed(plain) => std::str::from_utf8(plain).map(Cow::Borrowed).map_err(|_| not_utf8()),
        Cow::Owned(decoded) => String::from_utf8(decoded).map(Cow::Owned).map_err(|_| not_utf8()),
    }
}

fn octets(text: &[u8]) -> Result<Cow<'_, [u8]>, Problem> {
    if !text.iter().any(|octet| matches!(octet, b'%' | b'+')) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut octets = text.iter();
    while let Some(&octet) = octets.next() {
        decoded.push(match octet {
            b'+' => b' ',
            b'%' => {
                let pair = [octets.next().copied(), octets.next().copied()].map(|digit| digit.and_then(hex));
                let [Some(high), Some(low)] = pair else {
                    return Err(Problem::malformed(
                        "a % of the form is not followed by two hexadecimal digits",
                    ));
                };
                high << 4 | low
            }
            plain => plain,
        });
    }
    Ok(Cow::Owned(decoded))
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(body: &str, name: &str) -> Result<Option<String>, u16> {
        Form::parse(body.as_bytes())
            .map(|form| form.get(name).map(str::to_owned))
            .map_err(|problem| problem.status())
    }

    #[test]
    fn fields_are_decoded() {
        for (body, expected) in [
            ("a=1", Some("1")),
            ("b=2&a=1", Some("1")),
            ("a=", Some("")),
            ("a", Some("")),
            ("", None),
            ("&&", None),
            ("a=1%2A2*3", Some("1*2*3")),
            ("a=x+y%20z", Some("x y z")),
            ("a=1=2", Some("1=2")),
            ("%61=n%C9%94", Some("nɔ")),
            ("a=#x", Some("#x")),
        ] {
            assert_eq!(field(body, "a"), Ok(expected.map(str::to_owned)), "{body}");
        }
    }

    #[test]
    fn raw_fields_keep_repeats_and_any_octets() {
        let fields = fields(b"a=1&a=%FF%00+&b").unwrap();
        let plain: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        assert_eq!(plain, [("a", b"1".as_slice()), ("a", b"\xff\x00 "), ("b", b"")]);
        assert!(super::fields(b"a=%4").is_err() && super::fields(b"%ff=1").is_err());
    }

    #[test]
    fn what_is_broken_is_refused() {
        for body in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "%ff=1", "a=1&a=1", "a=1&%61=2"] {
            assert_eq!(field(body, "a"), Err(400), "{body}");
        }
        assert!(Form::parse(b"a=\xff").is_err());
    }

    proptest! {
        #[test]
        fn any_octets_are_read_or_refused(body: Vec<u8>) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn what_is_encoded_comes_back(value: String) {
            let encoded: Vec<String> = value.bytes().map(|octet| format!("%{octet:02x}")).collect();
            prop_assert_eq!(field(&format!("a={}", encoded.concat()), "a"), Ok(Some(value)));
        }
    }
}
