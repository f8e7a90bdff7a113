//! Words that people send, numbers as they write them, and words of providers that are kept.

use std::sync::LazyLock;

use mamacare::care::Msisdn;
use mamacare::channels::is_service_code;
use mamacare::messages::keywords::{Keyword, Keywords, Scope};
use mamacare::messages::redact;

static KEYWORDS: LazyLock<Keywords> = LazyLock::new(|| Keywords::shipped().unwrap());

pub fn sms_keywords(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let read = KEYWORDS.recognise(text);
    // How it is written does not count: capitals, and space around.
    assert_eq!(KEYWORDS.recognise(&text.to_ascii_uppercase()), read, "{text:?}");
    assert_eq!(KEYWORDS.recognise(&format!("  {text}\n")), read, "{text:?}");
    let Some(read) = read else { return };
    assert!(read.language.is_none_or(|code| (2..=3).contains(&code.len())));
    match read.keyword {
        Keyword::Clinic(place) => {
            assert!(place == place.trim() && !place.contains("  "), "{place:?}");
            assert!(
                !place.chars().any(|letter| letter.is_ascii_uppercase() || letter.is_control()),
                "{place:?}"
            );
        }
        Keyword::Pin(Some(year)) => assert!((1900..=2100).contains(&year), "{year}"),
        Keyword::Stop(Scope::These(programmes)) | Keyword::Start(Scope::These(programmes)) => {
            assert!(!programmes.is_empty(), "nothing is stopped, and she is told that it is");
        }
        _ => {}
    }
}

pub fn phone_numbers(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let inner = text.strip_prefix('*').and_then(|rest| rest.strip_suffix('#'));
    if is_service_code(text) {
        assert!(
            text.len() <= 32 && inner.unwrap().bytes().all(|octet| octet.is_ascii_digit() || octet == b'*')
        );
    }
    let Ok(number) = text.parse::<Msisdn>() else { return };
    for form in [number.e164(), number.local(), number.digits().to_string(), format!("00{}", number.digits())]
    {
        assert_eq!(form.parse(), Ok(number), "{form}");
    }
    assert_eq!(Msisdn::from_digits(number.digits()), Ok(number));
    assert!(number.e164().starts_with("+232") && number.e164().len() == 12 && number.operator().is_some());
    // What a log could show of it are two digits.
    for shown in [format!("{number:?}"), number.to_string()] {
        assert!(shown.chars().filter(char::is_ascii_digit).count() <= 2, "{shown}");
    }
}

pub fn provider_words(octets: &[u8]) {
    let words = String::from_utf8_lossy(octets);
    let kept = redact(&words);
    assert!(kept.chars().count() <= 300, "{kept}");
    assert!(!kept.chars().any(char::is_control), "{kept:?}");
    let longest = kept.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    assert!(longest < 6, "{kept}");
    assert_eq!(redact(&kept), kept, "what is kept is kept");
}
