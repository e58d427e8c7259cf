//! A YAML document as a tree that remembers its lines. Built from the parser's events within
//! limits; scalars stay text, because only the field that reads one knows its type. Anchors,
//! aliases, tags and directives are not part of the format.

use granit_parser::{Event, Parser, ScalarStyle};

use super::{DEPTH_MAX, ENTRIES_MAX, Problem, TEXT_CHARS_MAX};

/// One value of a document.
#[derive(Clone, Debug)]
pub struct Node {
    pub line: u32,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    /// `plain` text had no quotes, so that it may be a number, true, false or nothing.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Keys with their lines, in the order of the text.
    Map(Vec<(String, u32, Node)>),
}

impl Node {
    /// No value at all, or the words that YAML has for it.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, ..)| name == key).map(|(.., node)| node),
            _ => None,
        }
    }

    /// The line of the field at a dotted path, or of the nearest thing around it.
    pub fn line_of(&self, path: &str) -> u32 {
        let (mut node, mut line) = (self, self.line);
        for part in path.split('.').filter(|part| !part.is_empty()) {
            let next = match &node.value {
                Value::Map(entries) => {
                    entries.iter().find(|(name, ..)| name == part).map(|(_, line, node)| (*line, node))
                }
                Value::List(items) => {
                    part.parse::<usize>().ok().and_then(|i| items.get(i)).map(|node| (node.line, node))
                }
                Value::Scalar { .. } => None,
            };
            match next {
                Some((at, next)) => (line, node) = (at, next),
                None => break,
            }
        }
        line
    }

    /// How problems call what stands here.
    pub fn describe(&self) -> String {
        match &self.value {
            _ if self.is_nothing() => "nothing".into(),
            Value::Scalar { text, .. } => format!("`{}`", excerpt(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        }
    }
}

fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        short.push('\u{2026}');
    }
    short
}

/// What is under construction while events arrive.
enum Open {
    List { line: u32, items: Vec<Node> },
    Map { line: u32, entries: Vec<(String, u32, Node)>, key: Option<(String, u32)> },
}

/// The documents of one text, in order. A syntax error ends the text: what follows it is not read.
pub fn parse(file: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker();
                let column = at.col() + 1;
                problems.push(Problem::error(
                    file,
                    at.line() as u32,
                    format!("not YAML at column {column}: {}", error.info()),
                ));
                return documents;
            }
        };
        let line = span.start.line() as u32;
        let refuse = |message: String| Problem::error(file, line, message);
        let done = match event {
            Event::Alias(_) => {
                problems.push(refuse("aliases (`*name`) are not part of the format; write the value out".into()));
                return documents;
            }
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                problems.push(refuse("anchors (`&name`) and tags (`!name`) are not part of the format".into()));
                return documents;
            }
            Event::Scalar(text, style, ..) => {
                if text.chars().count() > TEXT_CHARS_MAX {
                    problems.push(refuse(format!("a text of more than {TEXT_CHARS_MAX} characters")));
                    return documents;
                }
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let text = if block { text.trim_end_matches('\n').to_owned() } else { text.into_owned() };
                Node { line, value: Value::Scalar { text, plain: style == ScalarStyle::Plain } }
            }
            Event::SequenceStart(..) => {
                open.push(Open::List { line, items: Vec::new() });
                if let Some(problem) = too_deep(file, line, open.len()) {
                    problems.push(problem);
                    return documents;
                }
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map { line, entries: Vec::new(), key: None });
                if let Some(problem) = too_deep(file, line, open.len()) {
                    problems.push(problem);
                    return documents;
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { line, items }) => Node { line, value: Value::List(items) },
                Some(Open::Map { line, entries, .. }) => Node { line, value: Value::Map(entries) },
                None => continue,
            },
            _ => continue,
        };
        if let Err(problem) = place(file, &mut open, &mut documents, done) {
            problems.push(problem);
            return documents;
        }
    }
    documents
}

fn too_deep(file: &str, line: u32, depth: usize) -> Option<Problem> {
    (depth > DEPTH_MAX).then(|| Problem::error(file, line, format!("nested more than {DEPTH_MAX} levels deep")))
}

/// Puts a finished value into what is open around it.
fn place(file: &str, open: &mut [Open], documents: &mut Vec<Node>, done: Node) -> Result<(), Problem> {
    let too_many = |line| Err(Problem::error(file, line, format!("more than {ENTRIES_MAX} entries")));
    match open.last_mut() {
        None => documents.push(done),
        Some(Open::List { items, .. }) if items.len() >= ENTRIES_MAX => return too_many(done.line),
        Some(Open::List { items, .. }) => items.push(done),
        Some(Open::Map { entries, .. }) if entries.len() >= ENTRIES_MAX => return too_many(done.line),
        Some(Open::Map { entries, key, .. }) => match key.take() {
            Some((name, line)) => entries.push((name, line, done)),
            None => {
                let Value::Scalar { text, .. } = done.value else {
                    return Err(Problem::error(file, done.line, "a key must be a word"));
                };
                if let Some((_, first, _)) = entries.iter().find(|(name, ..)| *name == text) {
                    return Err(Problem::error(
                        file,
                        done.line,
                        format!("the key `{text}` stands here and on line {first}"),
                    ));
                }
                *key = Some((text, done.line));
            }
        },
    }
    Ok(())
}
