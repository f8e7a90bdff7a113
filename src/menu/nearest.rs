//! "Did you mean …": the known name nearest to what was written.

/// A hint, where one of `known` is near enough to be what was meant.
pub(super) fn hint<'name>(
    written: &str,
    known: impl IntoIterator<Item = &'name str> + Clone,
) -> Option<String> {
    let nearest = known
        .clone()
        .into_iter()
        .map(|name| (distance(written, name), name))
        .min_by(|one, other| one.0.total_cmp(&other.0));
    if let Some((distance, name)) = nearest
        && distance <= 0.45
    {
        return Some(format!("did you mean `{name}`?"));
    }
    let mut names: Vec<&str> = known.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || names.len() > 16 {
        return None;
    }
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    Some(format!("known here: {}", names.join(", ")))
}

/// Edits, as a part of the longer name; an extension or abbreviation counts as near.
fn distance(written: &str, name: &str) -> f64 {
    let (one, other) = (written.to_lowercase(), name.to_lowercase());
    if one == other {
        return 0.0;
    }
    let near = 1.0 - strsim::normalized_damerau_levenshtein(&one, &other);
    let contained = one.len() >= 3 && (other.starts_with(&one) || one.starts_with(&other));
    if contained { near.min(0.3) } else { near }
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn near_names_are_offered_and_far_ones_listed() {
        let known = ["clinics", "home", "welcome"];
        assert_eq!(hint("klinics", known).as_deref(), Some("did you mean `clinics`?"));
        assert_eq!(hint("welcom", known).as_deref(), Some("did you mean `welcome`?"));
        assert_eq!(hint("xyz", known).as_deref(), Some("known here: `clinics`, `home`, `welcome`"));
        assert_eq!(hint("xyz", []), None);
    }
}
