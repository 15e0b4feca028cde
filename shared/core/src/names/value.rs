//! Values as people and tools write them: in a stack's parameters, on the command line, in files.
//!
//! A pasted value often has white space or quotes around it, which mean nothing. Everything else in
//! a value counts, and its reader checks it as a whole.

/// Returns the value itself: without white space around it, and without one pair of quotes around
/// it.
///
/// Invisible characters, which copying from a web page or a chat adds, count as white space. Quotes
/// are a pair only if the value contains no other quote of their kind.
#[must_use]
pub fn plain(text: &str) -> &str {
    let text = trimmed(text);
    for quote in ['"', '\''] {
        let inside = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
            .filter(|inside| !inside.contains(quote));
        if let Some(inside) = inside {
            return trimmed(inside);
        }
    }
    text
}

/// Returns the values of a list. Commas, tabs and line breaks separate them, as in the AWS CLI's
/// text output and the lists of stack parameters. Empty places are skipped, so the result may be
/// empty.
///
/// Only for values that cannot hold a comma.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    plain(text)
        .split([',', '\t', '\n', '\r'])
        .map(plain)
        .filter(|item| !item.is_empty())
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_and_one_pair_of_quotes_are_removed() {
        for text in [
            "us-east-1",
            " us-east-1",
            "us-east-1\n",
            "us-east-1\r\n",
            "\tus-east-1\u{a0}",
            "\"us-east-1\"",
            "'us-east-1'\n",
            "\" us-east-1 \"",
            "\u{feff}us-east-1\u{200b}",
        ] {
            assert_eq!(plain(text), "us-east-1", "{text:?}");
        }
    }

    #[test]
    fn characters_inside_a_value_are_kept() {
        for text in [
            "us east",
            "\"us-east-1",
            "us-east-1'",
            "\"us\"east\"",
            "a\"b",
            "\"",
            "us\n-east",
        ] {
            assert_eq!(plain(text), text);
        }
        // Two pairs are not an accident of a tool.
        assert_eq!(plain("\"'x'\""), "'x'");
        assert_eq!(plain("\"\""), "");
    }

    #[test]
    fn lists_are_separated_by_commas_tabs_and_lines() {
        for text in [
            "a,b",
            " a , b ",
            "a,b,",
            ",a,,b",
            "a\tb\n",
            "a\r\nb\r\n",
            "\"a,b\"",
            "\"a\",\"b\"",
            "'a','b'\n",
            "\"a\",'b'",
        ] {
            assert_eq!(list(text).collect::<Vec<_>>(), ["a", "b"], "{text:?}");
        }
        assert_eq!(list("a b").collect::<Vec<_>>(), ["a b"]);
        for text in ["", " ", ",", "\"\"", "'',\n", ",,"] {
            assert_eq!(list(text).count(), 0, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_value_is_found_inside_any_white_space_and_quotes(
            value in "[a-z0-9:/*?=.-]{1,20}",
            before in "[ \t\r\n]{0,3}",
            after in "[ \t\r\n]{0,3}",
            quote in "[\"']?",
        ) {
            let text = format!("{before}{quote}{value}{quote}{after}");
            prop_assert_eq!(plain(&text), value.as_str());
            prop_assert_eq!(list(&text).collect::<Vec<_>>(), vec![value.as_str()]);
        }

        #[test]
        fn a_list_of_values_round_trips(
            values in prop::collection::vec("[a-z0-9:/*?=.-]{1,12}", 0..6),
        ) {
            let joined = values.join(" ,\t");
            prop_assert_eq!(list(&joined).collect::<Vec<_>>(), values);
        }

        #[test]
        fn only_the_ends_of_a_text_are_removed(text in any::<String>()) {
            prop_assert!(text.contains(plain(&text)));
        }
    }
}
