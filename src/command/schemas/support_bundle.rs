//! What `wpp support-bundle` writes.

use super::Shape::{Boolean, List, Map, Number, Text};
use super::{Object, Shape, TEXTS, always, nullable};

pub(super) static SUPPORT_BUNDLE: Object = Object {
    name: "",
    fields: &[
        always("path", Text, "the bundle, or where it would be"),
        always("written", Boolean, "whether it was written; false with --dry-run"),
        always("size_bytes", Number, "its size"),
        nullable("sha256", Text, "SHA-256 of the file, in hex; null when it was not written"),
        always("files", List(&Shape::Object(&FILE)), "what is in it, beside manifest.json"),
        always("replaced", Map(&Number), "what was taken out, by kind, and how often"),
        always(
            "left_out",
            TEXTS,
            "files, or lines of them, that were left out because they were not redacted, each with what stood in it",
        ),
        always(
            "held_back",
            TEXTS,
            "what the files lack because it could not be told whose it is, as manifest.json tells it: each file, and why",
        ),
        always("known", Number, "names, numbers, texts and secrets of this home that the finished bytes were searched for"),
    ],
};

static FILE: Object = Object {
    name: "bundle_file",
    fields: &[
        always("name", Text, "its name"),
        always("size_bytes", Number, "its size"),
        always("sha256", Text, "SHA-256, in hex"),
        always("replaced", Map(&Number), "what was taken out of it, by kind, and how often"),
    ],
};
