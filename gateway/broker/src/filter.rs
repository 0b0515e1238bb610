//! Topics and filters: what is well formed, what matches, and which filter covers which.

/// Longest topic or filter, in bytes.
pub(crate) const MAX_TOPIC: usize = 256;
/// Most levels of a topic or filter.
pub(crate) const MAX_LEVELS: usize = 16;

fn bounded(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_TOPIC
        && !text.contains('\0')
        && text.bytes().filter(|b| *b == b'/').count() < MAX_LEVELS
}

/// Whether a client may name this topic in a publish: no wildcard, and not one of the broker's own (`$SYS/…`).
pub(crate) fn is_topic(text: &str) -> bool {
    bounded(text) && !text.contains(['+', '#']) && !text.starts_with('$')
}

/// Whether this is a filter we take: well-formed, not shared, not for the broker's own topics.
pub(crate) fn is_filter(text: &str) -> bool {
    let mut levels = text.split('/').peekable();
    let mut well_formed = bounded(text) && !text.starts_with('$');
    while let Some(level) = levels.next() {
        well_formed &= match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            word => !word.contains(['+', '#']),
        };
    }
    well_formed
}

/// The group and the filter of a shared subscription; none where it is not one, or not well formed.
pub(crate) fn shared(asked: &str) -> Option<(&str, &str)> {
    let (group, filter) = asked.strip_prefix("$share/")?.split_once('/')?;
    let well_formed = !group.is_empty() && !group.contains(['+', '#']) && group.len() <= MAX_TOPIC;
    well_formed.then_some((group, filter))
}

/// The filter that says what comes: that of a shared subscription without its group.
pub(crate) fn unshared(asked: &str) -> &str {
    shared(asked).map_or(asked, |(_, filter)| filter)
}

/// Whether a filter has wildcards.
pub(crate) fn is_wild(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// Whether a topic matches a filter. Both must be well formed. A wildcard at the first level does not match a topic
/// that starts with `$`.
pub(crate) fn matches(filter: &str, topic: &str) -> bool {
    covers(filter, topic)
}

/// Whether every topic that matches `asked` also matches `allowed`. A topic is a filter that matches itself, so
/// this is also how a topic is matched.
pub(crate) fn covers(allowed: &str, asked: &str) -> bool {
    if asked.starts_with('$') && allowed.starts_with(['+', '#']) {
        return false;
    }
    // The same: every topic has a first level.
    let asked = if asked == "#" { "+/#" } else { asked };
    let (mut allowed, mut asked) = (allowed.split('/'), asked.split('/'));
    loop {
        match (allowed.next(), asked.next()) {
            // One in the middle, where it may not be, covers nothing.
            (Some("#"), _) => return allowed.next().is_none(),
            (None, None) => return true,
            (Some("+"), Some(level)) if level != "#" => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_mqtt_says() {
        for (filter, topic) in [
            ("a/b", "a/b"),
            ("a/+", "a/b"),
            ("a/+", "a/"),
            ("+/+", "/b"),
            ("a/#", "a"),
            ("a/#", "a/b/c"),
            ("#", "a/b"),
            ("#", "/"),
            ("a/+/c", "a/b/c"),
            ("ü/+", "ü/b"),
            ("$SYS/#", "$SYS/a"),
        ] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [
            ("a/b", "a/b/c"),
            ("a/b", "a"),
            ("a/+", "a"),
            ("a/+", "a/b/c"),
            ("a/#", "ab"),
            ("+", "/b"),
            ("#", "$SYS/a"),
            ("+/a", "$SYS/a"),
            ("A/b", "a/b"),
        ] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }

    #[test]
    fn only_what_is_wholly_inside_is_covered() {
        for (allowed, asked) in [
            ("#", "#"),
            ("+/#", "#"),
            ("#", "+/a/#"),
            ("a/#", "a/#"),
            ("a/#", "a"),
            ("a/#", "a/+/c"),
            ("a/+", "a/+"),
            ("a/+/#", "a/b/#"),
            ("+/a", "b/a"),
        ] {
            assert!(covers(allowed, asked), "{allowed} {asked}");
        }
        for (allowed, asked) in [
            ("a/+", "a/#"),
            ("a/b", "a/+"),
            ("a/#", "#"),
            ("a/#", "+/b"),
            ("+", "#"),
            ("a/+/c", "a/#"),
            ("#", "$SYS/#"),
            ("+/#", "$share/g/a"),
            ("a/b/#", "a/+/#"),
            ("a/#/b", "a/c"),
            ("#/b", "a"),
        ] {
            assert!(!covers(allowed, asked), "{allowed} {asked}");
        }
    }

    #[test]
    fn malformed_topics_and_filters_are_told() {
        let (deep, long) = ("a/".repeat(MAX_LEVELS), "a".repeat(MAX_TOPIC + 1));
        for bad in ["", "a+", "a/b#", "#/a", "a/#/b", "a\0", "$share/g/a", "$SYS/a", &deep, &long] {
            assert!(!is_filter(bad), "{bad}");
        }
        for bad in ["", "+", "a/#", "a+b", "\0", "$SYS/a", &deep, &long] {
            assert!(!is_topic(bad), "{bad}");
        }
        assert!(is_filter("+/a/#") && is_filter("/") && is_topic("/") && is_topic("ü"));
    }
}
