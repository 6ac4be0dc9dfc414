//! What people wrote in messages, taken out of the documents of `wpp` that are kept as evidence. It has no form
//! of its own, so it is known by where it stands. Start with [`left_out`] and [`Written`].

use serde_json::Value;

/// What stands in the place of a text.
const LEFT_OUT: &str = "[message]";
/// A shorter text may stand anywhere by chance, and says little.
const CHARACTERS_MIN: usize = 16;

/// The text of a message, if this is one as commands and events give them.
fn text_of(value: &mut Value) -> Option<&mut String> {
    let fields = value.as_object_mut().filter(|fields| fields.get("from_me").is_some_and(Value::is_boolean))?;
    match fields.get_mut("text") {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A document without what people wrote, in its data and in its tables for people.
pub fn left_out(mut document: Value) -> Value {
    clean(&mut document);
    document
}

fn clean(value: &mut Value) {
    if let Some(text) = text_of(value) {
        *text = LEFT_OUT.to_owned();
    }
    clean_table(value);
    match value {
        Value::Array(values) => values.iter_mut().for_each(clean),
        Value::Object(fields) => fields.values_mut().for_each(clean),
        _ => {}
    }
}

/// A table of messages has a column of texts; one of events has one of their data, as JSON on a line that may be cut.
fn clean_table(value: &mut Value) {
    let names: Vec<&str> = value["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let of_messages = names.contains(&"from") && names.contains(&"text");
    let text = names.iter().position(|name| *name == "text").filter(|_| of_messages);
    let data = names.iter().position(|name| *name == "data");
    let Some(rows) = value.get_mut("rows").and_then(Value::as_array_mut) else { return };
    for row in rows.iter_mut().filter_map(Value::as_array_mut) {
        if let Some(cell) = text.and_then(|at| row.get_mut(at)) {
            *cell = LEFT_OUT.into();
        }
        if let Some(cell) = data.and_then(|at| row.get_mut(at))
            && let Some(line) = cell.as_str().filter(|line| line.contains("\"from_me\":"))
            && let Some((before, _)) = line.split_once("\"text\":\"")
        {
            *cell = format!("{before}\"text\":\"{LEFT_OUT}\"…").into();
        }
    }
}

/// Texts of the messages that a document holds.
#[derive(Debug, Clone, Default)]
pub struct Written(Vec<String>);

impl Written {
    /// Those in this one.
    pub fn of(document: &Value) -> Written {
        let mut written = Written::default();
        written.collect(&mut document.clone());
        written.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
        written
    }

    fn collect(&mut self, value: &mut Value) {
        self.0.extend(text_of(value).cloned());
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.collect(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.collect(value)),
            _ => {}
        }
    }

    /// What is said of the document, without them.
    pub fn left_out_of(&self, said: &str) -> String {
        if self.0.iter().any(|text| text == said) {
            return LEFT_OUT.to_owned();
        }
        let mut said = said.to_owned();
        for text in self.0.iter().filter(|text| text.chars().count() >= CHARACTERS_MIN) {
            // A table for people may hold a document, and then a document the table.
            let quoted = json(text);
            for form in [json(&quoted), quoted, text.clone()] {
                if said.contains(&form) {
                    said = said.replace(&form, LEFT_OUT);
                }
            }
        }
        said
    }
}

/// A text as it stands inside a JSON text.
fn json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_wrote_goes_from_data_and_tables_and_all_else_stays() {
        let message =
            json!({ "chat": "1@s", "from_me": false, "id": "3A", "kind": "text", "text": "meet \"me\" at nine, harbour" });
        let event = json!({ "id": 7, "kind": "message", "data": message });
        let document = json!({
            "title": "main: 1 message",
            "sections": [
                { "table": { "columns": ["sent", "chat", "from", "text"], "rows": [["now", "1@s", "2@s", "meet \"me\" at nine, harbour"]] } },
                { "table": { "columns": ["id", "at", "kind", "data"], "rows": [["7", "now", "message", message.to_string()], ["8", "now", "state", "{\"text\":\"x\"}"]] } },
                { "table": { "columns": ["text"], "rows": [["a table of something else"]] } },
            ],
            "data": { "messages": [message], "events": [event], "text": "a document's own" },
        });
        let clean = left_out(document.clone());
        assert!(!clean.to_string().contains("harbour"), "{clean}");
        assert_eq!(clean["data"]["messages"][0]["text"], LEFT_OUT);
        assert_eq!(clean["data"]["events"][0]["data"]["id"], "3A");
        assert_eq!(clean["data"]["text"], "a document's own");
        assert_eq!(clean["sections"][1]["table"]["rows"][1][3], "{\"text\":\"x\"}");
        assert_eq!(clean["sections"][2]["table"]["rows"][0][0], "a table of something else");
        let written = Written::of(&document);
        assert_eq!(written.left_out_of("$.x is meet \"me\" at nine, harbour"), "$.x is [message]");
        assert!(!written.left_out_of(&format!("exit 1: {document}")).contains("harbour"));
        assert_eq!(Written::of(&json!({ "from_me": true, "text": "ok" })).left_out_of("it is broken"), "it is broken");
    }
}
