//! YAML, line by line: every scalar is quoted as JSON, which YAML contains.

/// A document.
#[derive(Default)]
pub struct Yaml(String);

impl Yaml {
    /// A line as it is.
    pub fn line(&mut self, indent: usize, text: &str) {
        // A line is one, whatever it was made of.
        let text: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        self.0 += &format!("{:indent$}{text}\n", "");
    }

    /// A key and its value.
    pub fn pair(&mut self, indent: usize, key: &str, value: &str) {
        self.line(indent, &format!("{key}: {}", quoted(value)));
    }

    /// Labels; those without a value are left out. Prometheus takes their values for templates.
    pub fn labels(&mut self, indent: usize, labels: &[(&str, &str)]) {
        self.line(indent, "labels:");
        for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            self.pair(indent + 2, name, &literal(value));
        }
    }

    /// A text for people, and behind it what Prometheus fills in.
    pub fn template(&mut self, indent: usize, key: &str, text: &str, filled_in: Option<&str>) {
        let text = literal(text);
        match filled_in {
            Some(filled_in) => self.pair(indent, key, &format!("{text}. {filled_in}")),
            None => self.pair(indent, key, &text),
        }
    }

    /// The document.
    pub fn text(self) -> String {
        self.0
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As a template of Go that comes to the text itself (text/template: an action that is a string).
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_what_it_is() {
        let mut yaml = Yaml::default();
        yaml.template(2, "summary", "a \"b\": {{ .x }}\n- c", Some("{{ $value }}"));
        assert_eq!(yaml.text(), "  summary: \"a \\\"b\\\": {{ \\\"{{\\\" }} .x }}\\n- c. {{ $value }}\"\n");
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        let mut yaml = Yaml::default();
        yaml.line(0, "# a\ngroups: []");
        assert_eq!(yaml.text(), "# a groups: []\n");
    }
}
