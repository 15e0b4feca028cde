//! Compact JSON with its fields in the order in which they are written, as CloudTrail writes it.

/// A JSON object that is being built.
#[derive(Debug, Default)]
pub(crate) struct Fields(String);

impl Fields {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quoted(name));
        self.0.push(':');
    }

    /// Adds a field whose value is already JSON.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quoted(value))
    }

    pub(crate) fn flag(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    pub(crate) fn number(self, name: &str, value: u32) -> Self {
        self.raw(name, &value.to_string())
    }

    pub(crate) fn object(self, name: &str, value: Fields) -> Self {
        self.raw(name, &value.end())
    }

    /// Returns the finished object.
    pub(crate) fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// Returns a JSON string.
pub(crate) fn quoted(value: &str) -> String {
    serde_json::to_string(value).expect("a string is always JSON")
}

/// Returns a JSON array of items that are already JSON.
pub(crate) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order() {
        let json = Fields::new()
            .text("b", "x\"y")
            .object("a", Fields::new())
            .raw("c", "null")
            .flag("d", true)
            .number("e", 7)
            .end();
        assert_eq!(json, r#"{"b":"x\"y","a":{},"c":null,"d":true,"e":7}"#);
    }
}
