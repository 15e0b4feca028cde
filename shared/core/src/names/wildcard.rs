//! Patterns with `*` and `?`.

/// Returns whether `pattern` matches the whole of `text`. In the pattern, `*` stands for any run of
/// characters and `?` for one.
///
/// If the text does not continue like the pattern, only the last `*` takes one more character. The
/// earlier ones took the shortest text that fits, so no other choice could be better. The time is
/// at most that of one pass through the pattern for each character of the text.
#[must_use]
pub fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // The pattern after the last `*`, and the text where that part is tried.
    let mut last_star: Option<(&str, &str)> = None;
    loop {
        let (mut wanted, mut given) = (pattern.chars(), text.chars());
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                pattern = wanted.as_str();
                if pattern.is_empty() {
                    return true;
                }
                last_star = Some((pattern, text));
            }
            (Some(want), Some(have)) if want == '?' || want == have => {
                pattern = wanted.as_str();
                text = given.as_str();
            }
            _ => {
                let Some((after_star, from)) = last_star else {
                    return false;
                };
                let mut further = from.chars();
                if further.next().is_none() {
                    return false;
                }
                pattern = after_star;
                text = further.as_str();
                last_star = Some((after_star, text));
            }
        }
    }
}
