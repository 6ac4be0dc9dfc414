//! What `wpp capacity` writes.

use super::Shape::{Boolean, List, Number, Text};
use super::{Object, Shape, always, nullable};

pub(super) static CAPACITY: Object = Object {
    name: "",
    fields: &[
        always("home", Text, "the home's folder"),
        always("days", Number, "how far back was looked"),
        always("machine", Shape::Object(&MACHINE), "the machine and the home's file system, now"),
        always("sessions", List(&Shape::Object(&SESSION)), "those that were asked for"),
        always("rooms", List(&Shape::Object(&ROOM)), "memory, disk and cpu: how many more sessions fit by each"),
        nullable("fits", Number, "how many more sessions fit by what could be told"),
        nullable("limited_by", Text, "what runs out first: memory, disk or cpu"),
        always("decision", Shape::Object(&DECISION), "the decision tree on scaling, answered"),
        nullable("page", Text, "the page that was written"),
    ],
};

static MACHINE: Object = Object {
    name: "capacity_machine",
    fields: &[
        nullable("cores", Number, "processors that wpp may use"),
        nullable("cpu_percent", Number, "how much of them is in use at this moment"),
        nullable("busy", Shape::Object(&BUSY), "how much of them is in use, as it is judged by"),
        nullable("memory_total_bytes", Number, "memory of the machine, or what a container may have"),
        nullable("memory_available_bytes", Number, "what of it is to be had"),
        nullable("memory_percent", Number, "how much of it is in use"),
        nullable("disk_total_bytes", Number, "size of the home's file system"),
        nullable("disk_free_bytes", Number, "what of it may still be written"),
        nullable("disk_percent", Number, "how much of it is in use"),
        nullable("disk_growth", Shape::Object(&GROWTH), "how what is in use of it grows"),
        nullable("disk_growth_unknown", Text, "why that cannot be told"),
        nullable("days_to_full", Number, "days until nothing is free, at that rate"),
        nullable("days_to_full_unknown", Text, "why there is no such day"),
    ],
};

static BUSY: Object = Object {
    name: "capacity_busy",
    fields: &[
        always("percent", Number, "the share of all processors"),
        always("from", Text, "history: the 95th percentile of what was recorded; now: this moment, for lack of a history"),
        nullable("samples", Number, "samples that it is told from"),
        nullable("span_ms", Number, "the time that they cover"),
    ],
};

static GROWTH: Object = Object {
    name: "growth",
    fields: &[
        always("bytes_per_day", Number, "the median of the slopes between all pairs of samples; negative when it shrinks"),
        always("span_ms", Number, "the time that the samples cover"),
        always("samples", Number, "how many there are"),
    ],
};

static SESSION: Object = Object {
    name: "capacity_session",
    fields: &[
        always("session", Text, "the session"),
        always("running", Boolean, "whether its daemon runs"),
        nullable("memory_bytes", Number, "resident memory of its daemon, now"),
        nullable("memory_bytes_max", Number, "the most that it was seen to have"),
        nullable("cpu_cores", Number, "how much of a processor its daemons took; 0.5 is half of one"),
        nullable("cpu_cores_max", Number, "the same between the two neighbouring samples where it was most"),
        nullable("cpu_unknown", Text, "why that cannot be told"),
        always("disk_bytes", Number, "both databases with their write-ahead logs, now"),
        nullable("growth", Shape::Object(&GROWTH), "how they grow"),
        nullable("growth_unknown", Text, "why that cannot be told"),
        nullable("messages", Number, "messages that it holds"),
        nullable("response_ms", Number, "how long its daemon took to answer; the slower of two requests"),
        nullable("response_unknown", Text, "why that cannot be told"),
        always("samples", Number, "samples that were looked at"),
        nullable("newest_sample_ms", Number, "when the newest was written, milliseconds since the epoch"),
    ],
};

static ROOM: Object = Object {
    name: "capacity_room",
    fields: &[
        always("resource", Text, "memory, disk or cpu"),
        nullable("used_percent", Number, "how much of it is in use"),
        nullable("one_takes", Number, "what one more session takes: bytes, or processors"),
        nullable("fits", Number, "how many more fit before 80 % is in use"),
        nullable("unknown", Text, "why that cannot be told"),
    ],
};

static DECISION: Object = Object {
    name: "capacity_decision",
    fields: &[
        always("branches", List(&Shape::Object(&BRANCH)), "the questions in order"),
        always("outcome", Text, "scale, ok, or unknown when a question could not be answered and none was answered yes"),
        always("ends", Text, "what it comes to"),
    ],
};

static BRANCH: Object = Object {
    name: "capacity_branch",
    fields: &[
        always("question", Text, "what is asked"),
        nullable("value", Number, "per cent, or milliseconds"),
        always("number", Text, "the same in words, or why there is none"),
        always("answer", Text, "yes, no or unknown"),
        always("advice", Text, "what a yes means"),
        always("next", Text, "what to type when it is so; for an unknown, what makes it known"),
    ],
};
