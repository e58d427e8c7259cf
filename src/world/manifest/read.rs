//! From texts to documents: a serde deserializer over the tree, whose errors know the line and
//! the path of the field, what was expected and what is close to what was written.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use super::tree::{self, Node, Value};
use super::{
    DOCUMENTS_MAX, FILE_BYTES_MAX, Located, PROBLEMS_MAX, Problem, Severity, Source, is_slug, subject, suggestion,
};
use crate::world::kinds::DocumentKind;
use crate::world::spec::{Document, Metadata};

/// Reads every document of the texts. Any problem refuses the whole, with all problems listed
/// (at most [`PROBLEMS_MAX`]).
pub fn read(sources: &[Source]) -> Result<Vec<Located>, Vec<Problem>> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        if source.text.len() > FILE_BYTES_MAX {
            let message = format!("{} bytes; a file may have {FILE_BYTES_MAX}", source.text.len());
            problems.push(Problem::error(&source.path, 0, message));
            continue;
        }
        let file: Arc<str> = source.path.as_str().into();
        for node in tree::parse(&source.path, &source.text, &mut problems) {
            if node.is_nothing() {
                continue;
            }
            if documents.len() >= DOCUMENTS_MAX {
                problems.push(Problem::error(&source.path, node.line, format!("more than {DOCUMENTS_MAX} documents")));
                return Err(problems);
            }
            match document(&node) {
                Ok(document) => documents.push(Located {
                    document,
                    file: file.clone(),
                    line: node.line,
                    node: Some(Arc::new(node)),
                }),
                Err(error) => problems.push(error.at(&source.path, &node)),
            }
        }
    }
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}

fn document(node: &Node) -> Result<Document, Error> {
    let Value::Map(entries) = &node.value else {
        return Err(Error::at_line(
            node.line,
            format!("expected a document with `kind`, `metadata` and `spec`, found {}", node.describe()),
        ));
    };
    if let Some((key, line, _)) = entries.iter().find(|(key, ..)| !["kind", "metadata", "spec"].contains(&key.as_str()))
    {
        let close = suggestion(key, ["kind", "metadata", "spec"]);
        return Err(Error::at_line(*line, format!("a document has `kind`, `metadata` and `spec`, not `{key}`{close}")));
    }
    let part =
        |name: &str| node.get(name).ok_or_else(|| Error::at_line(node.line, format!("the document has no `{name}`")));
    let kind: DocumentKind = field("kind", part("kind")?)?;
    let metadata: Metadata = field("metadata", part("metadata")?)?;
    if !is_slug(&metadata.slug) {
        let message = format!(
            "`{}` is no slug: small letters, digits and `-`, beginning with a letter or digit, at most 64",
            metadata.slug
        );
        return Err(Error::at_line(node.line_of("metadata.slug"), message).within("slug").within("metadata"));
    }
    let spec = part("spec")?;
    Ok(match kind {
        DocumentKind::World => Document::World { metadata, spec: field("spec", spec)? },
        DocumentKind::Zone => Document::Zone { metadata, spec: field("spec", spec)? },
        DocumentKind::Room => Document::Room { metadata, spec: field("spec", spec)? },
        DocumentKind::Item => Document::Item { metadata, spec: field("spec", spec)? },
        DocumentKind::Mob => Document::Mob { metadata, spec: field("spec", spec)? },
        DocumentKind::Loader => Document::Loader { metadata, spec: field("spec", spec)? },
        DocumentKind::Faction => Document::Faction { metadata, spec: field("spec", spec)? },
        DocumentKind::Currency => Document::Currency { metadata, spec: field("spec", spec)? },
        DocumentKind::Social => Document::Social { metadata, spec: field("spec", spec)? },
        DocumentKind::StartingEquipment => Document::StartingEquipment { metadata, spec: field("spec", spec)? },
        DocumentKind::Trigger => Document::Trigger { metadata, spec: field("spec", spec)? },
        DocumentKind::FactSchedule => Document::FactSchedule { metadata, spec: field("spec", spec)? },
        DocumentKind::Skill => Document::Skill { metadata, spec: field("spec", spec)? },
    })
}

fn field<T: DeserializeOwned>(name: &str, node: &Node) -> Result<T, Error> {
    T::deserialize(Reader { node }).map_err(|error| error.or_line(node.line).within(name))
}

/// What went wrong, and the path to it, innermost first.
#[derive(Debug)]
struct Error {
    line: Option<u32>,
    path: Vec<String>,
    message: String,
}

impl Error {
    fn at_line(line: u32, message: impl Into<String>) -> Self {
        Self { line: Some(line), path: Vec::new(), message: message.into() }
    }

    fn or_line(mut self, line: u32) -> Self {
        self.line.get_or_insert(line);
        self
    }

    fn within(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }

    fn at(self, file: &str, document: &Node) -> Problem {
        let word = |node: Option<&Node>| match node.map(|node| &node.value) {
            Some(Value::Scalar { text, .. }) => text.clone(),
            _ => String::new(),
        };
        let (kind, slug) =
            (word(document.get("kind")), word(document.get("metadata").and_then(|metadata| metadata.get("slug"))));
        Problem {
            severity: Severity::Error,
            file: file.to_owned(),
            line: self.line.unwrap_or(document.line),
            subject: match DocumentKind::parse(&kind) {
                Some(kind) if is_slug(&slug) => subject(kind, &slug),
                _ => String::new(),
            },
            field: self.path.iter().rev().map(String::as_str).collect::<Vec<_>>().join("."),
            message: self.message,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { line: None, path: Vec::new(), message: message.to_string() }
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        let close = suggestion(name, expected.iter().copied());
        let close = if close.is_empty() { format!("; known are {}", names(expected)) } else { close };
        de::Error::custom(format!("there is no field `{name}`{close}"))
    }

    fn unknown_variant(name: &str, expected: &'static [&'static str]) -> Self {
        let close = suggestion(name, expected.iter().copied());
        de::Error::custom(format!("`{name}` is not one of {}{close}", names(expected)))
    }

    fn missing_field(name: &'static str) -> Self {
        de::Error::custom(format!("the field `{name}` is missing"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        de::Error::custom(format!("expected {expected}, found {length}"))
    }
}

fn names(of: &[&str]) -> String {
    of.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Reads one node.
#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
}

impl<'a> Reader<'a> {
    fn expected(self, what: impl fmt::Display) -> Error {
        Error::at_line(self.node.line, format!("expected {what}, found {}", self.node.describe()))
    }

    fn text(self, what: &str) -> Result<&'a str, Error> {
        match &self.node.value {
            _ if self.node.is_nothing() => Err(Error::at_line(
                self.node.line,
                format!("expected {what}, found nothing; leave the field out, or use quotes"),
            )),
            Value::Scalar { text, .. } => Ok(text),
            _ => Err(self.expected(what)),
        }
    }

    fn number<T: std::str::FromStr + fmt::Display>(self, least: T, most: T) -> Result<T, Error> {
        let refused = || self.expected(format_args!("a whole number from {least} to {most}"));
        match &self.node.value {
            Value::Scalar { text, plain: true } => text.parse().map_err(|_| refused()),
            _ => Err(refused()),
        }
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.number(<$type>::MIN, <$type>::MAX)?)
        }
    )+};
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Error;

    /// Only where a field takes a word or a mapping.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            _ if self.node.is_nothing() => Err(self.expected(&visitor as &dyn de::Expected)),
            Value::Scalar { text, .. } => visitor.visit_str(text),
            Value::List(_) => Err(self.expected(&visitor as &dyn de::Expected)),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Scalar { text, plain: true } if text == "true" => visitor.visit_bool(true),
            Value::Scalar { text, plain: true } if text == "false" => visitor.visit_bool(false),
            _ => Err(self.expected("true or false")),
        }
    }

    numbers!(
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
    );

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text("text")?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text("text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text("text")?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.text("a word")?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(self.expected("text"))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(self.expected("text"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_nothing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(items) => {
                visitor.visit_seq(Items { items, next: 0 }).map_err(|error| error.or_line(self.node.line))
            }
            _ => Err(self.expected("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(items) if items.len() == length => self.deserialize_seq(visitor),
            Value::List(items) => {
                Err(Error::at_line(self.node.line, format!("expected a list of {length}, found {}", items.len())))
            }
            _ => Err(self.expected(format_args!("a list of {length}"))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Map(entries) => {
                visitor.visit_map(Entries { entries, next: 0 }).map_err(|error| error.or_line(self.node.line))
            }
            _ => Err(self.expected("a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // An archetype may be the empty word, so that quoted nothing is a name like another.
        let name: &str = self.text("a name")?;
        visitor
            .visit_enum(IntoDeserializer::<Error>::into_deserializer(name))
            .map_err(|error| error.or_line(self.node.line))
    }
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Reader { node }).map(Some).map_err(|error| error.or_line(node.line).within(&index.to_string()))
    }
}

struct Entries<'a> {
    entries: &'a [(String, u32, Node)],
    next: usize,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, line, _)) = self.entries.get(self.next) else { return Ok(None) };
        seed.deserialize(IntoDeserializer::<Error>::into_deserializer(key.as_str()))
            .map(Some)
            .map_err(|error| error.or_line(*line))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, line, node)) = self.entries.get(self.next) else {
            return Err(de::Error::custom("a value without a key"));
        };
        self.next += 1;
        seed.deserialize(Reader { node }).map_err(|error| error.or_line(*line).within(key))
    }
}
